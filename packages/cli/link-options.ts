import type { SerializerName } from "@pinion/wamp/serializer";
import { type Command, InvalidArgumentError, Option } from "commander";
import { type CredentialOptions, withCredentialOptions } from "./credential-options.ts";
import { withTlsOptions } from "./tls-options.ts";

/** Where a command connects to, and as whom. */
export interface LinkOptions extends CredentialOptions {
  readonly url: string;
  readonly realm: string;
  readonly serializer: SerializerName | undefined;
  /** ms */
  readonly connectTimeout: number;
}

/** Adds the options that every command with a session has. */
export function withLinkOptions(command: Command): Command {
  return withTlsOptions(withCredentialOptions(command))
    .addOption(
      new Option("--url <url>", "router: rs://host:port, rss://, unix:///path, ws://host:port/ws, wss://")
        .env("PINION_URL")
        .default("rs://127.0.0.1:8080"),
    )
    .addOption(new Option("--realm <realm>", "realm to join").env("PINION_REALM").default("realm1"))
    .addOption(new Option("--serializer <name>", "json, msgpack or cbor").choices(["json", "msgpack", "cbor"]))
    .addOption(new Option("--connect-timeout <ms>", "limit on connecting").argParser(positiveInteger).default(10_000));
}

/** For options that count something. */
export function positiveInteger(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number < 2 ** 31) return number;
  throw new InvalidArgumentError("It has to be a whole number from 1 to 2147483647.");
}
