/** Whom a command trusts over TLS, and the certificate it shows. */
import { readFileSync } from "node:fs";
import type { ConnectorOptions } from "@pinion/client";
import { UsageError } from "@pinion/wamp";
import { type Command, Option } from "commander";

export interface TlsFiles {
  readonly tlsCa?: string | undefined;
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
}

export function withTlsOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--tls-ca <file>", "trust the authorities in this PEM file, not the system's").env("PINION_TLS_CA"),
    )
    .addOption(new Option("--tls-cert <file>", "show this client certificate and log in by it").env("PINION_TLS_CERT"))
    .addOption(new Option("--tls-key <file>", "the key of --tls-cert").env("PINION_TLS_KEY"));
}

/** Undefined: as the system has it. @throws UsageError `invalid_option` that names the file or what is missing. */
export function tlsOf({ tlsCa, tlsCert, tlsKey }: TlsFiles, url: string): ConnectorOptions["tls"] {
  if (tlsCa === undefined && tlsCert === undefined && tlsKey === undefined) return undefined;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new UsageError("invalid_option", "--tls-cert and --tls-key belong together");
  }
  if (tlsCert !== undefined && !/^(rss|tcps|wss):/i.test(url)) {
    throw new UsageError("invalid_option", `--tls-cert needs rss:// or wss://, and the address is ${url}`);
  }
  return {
    ...(tlsCa === undefined ? {} : { ca: read("--tls-ca", tlsCa) }),
    ...(tlsCert === undefined ? {} : { cert: read("--tls-cert", tlsCert) }),
    ...(tlsKey === undefined ? {} : { key: read("--tls-key", tlsKey) }),
  };
}

function read(option: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError("invalid_option", `${option} ${file} cannot be read: ${why}`, { cause: error });
  }
}
