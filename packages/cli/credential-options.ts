/** Who a command logs in as. Secrets come from files or the environment: a command line is read by every other user. */
import { type CredentialFiles, readCredentials } from "@pinion/client";
import { CHANNEL_BINDINGS, type ChannelBindingType, type Credentials, UsageError } from "@pinion/wamp";
import { type Command, Option } from "commander";
import type { TlsFiles } from "./tls-options.ts";

export interface CredentialOptions extends CredentialFiles, TlsFiles {
  readonly channelBinding?: ChannelBindingType | undefined;
}

export function withCredentialOptions(command: Command): Command {
  return command
    .addOption(new Option("--authid <authid>", "log in as").env("PINION_AUTHID"))
    .addOption(
      new Option("--secret-file <file>", "log in by WAMP-SCRAM or WAMP-CRA; or PINION_SECRET").env(
        "PINION_SECRET_FILE",
      ),
    )
    .addOption(new Option("--ticket-file <file>", "log in by ticket; or PINION_TICKET").env("PINION_TICKET_FILE"))
    .addOption(new Option("--key-file <file>", "log in by cryptosign, with this Ed25519 key").env("PINION_KEY_FILE"))
    .addOption(
      new Option(
        "--channel-binding <type>",
        "with --key-file: bind the login to the TLS connection, or give up",
      ).choices(CHANNEL_BINDINGS),
    );
}

/** Undefined: anonymously. @throws UsageError `invalid_option` */
export function credentialsOf(options: CredentialOptions): Credentials | undefined {
  const read = readCredentials(options);
  const credentials: Credentials = {
    ...read,
    secret: read.secret ?? inEnvironment("PINION_SECRET"),
    ticket: read.ticket ?? inEnvironment("PINION_TICKET"),
    certificate: options.tlsCert !== undefined,
    channelBinding: options.channelBinding,
  };
  const { authid, secret, ticket, seed, certificate } = credentials;
  if ((secret ?? ticket ?? seed) !== undefined || certificate === true) return credentials;
  if (authid === undefined) return undefined;
  const words =
    "an authid needs --secret-file, --ticket-file, --key-file or --tls-cert, or PINION_SECRET or PINION_TICKET";
  throw new UsageError("invalid_option", words);
}

function inEnvironment(name: string): string | undefined {
  const value = process.env[name];
  return value === "" ? undefined : value;
}
