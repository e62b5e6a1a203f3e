/** `pinion enroll`: a board's own key pair, and its account at the router, without a password on the board. */
import { existsSync } from "node:fs";
import { nodeCrypto, readAccounts, writeAccounts } from "@pinion/client";
import { noAccounts, readEnrollRequest, withEnrolled } from "@pinion/wamp";
import type { Command } from "commander";
import { runDeviceProgram } from "./device-program.ts";
import { makeClient, untilReady } from "./link.ts";
import { type LinkOptions, withLinkOptions } from "./link-options.ts";

interface AcceptOptions extends LinkOptions {
  readonly accounts?: string;
  readonly replace?: true;
}

export function addEnrollCommand(program: Command): void {
  const enroll = program
    .command("enroll")
    .description("on a board: make its key pair, if it has none, and print the line by which a router lets it in")
    .option("-c, --config <file>", "the board's configuration; default: ./board.yaml, then /etc/pinion/board.yaml")
    .action(({ config }: { config?: string }) =>
      runDeviceProgram(["enroll", ...(config === undefined ? [] : ["--config", config])]),
    );
  withLinkOptions(enroll.command("accept").argument("<request>", "the line that pinion enroll printed on the board"))
    .description("let a board in: by a router, as somebody who may (role maintainer), or into its accounts file")
    .option("--accounts <file>", "here, without the router: the file that auth.file of its configuration names")
    .option("--replace", "give a board that is known this key instead of its own")
    .action((request: string, options: AcceptOptions) => accept(request, options));
}

async function accept(text: string, options: AcceptOptions): Promise<void> {
  // before anything is connected or written
  const request = readEnrollRequest(nodeCrypto, text);
  const { accounts: file, replace = false } = options;
  if (file === undefined) await acceptByRouter(text, replace, options);
  else {
    const before = existsSync(file) ? readAccounts(file) : noAccounts(nodeCrypto);
    writeAccounts(file, withEnrolled(before, request, replace));
  }
  console.error(`${request.authid} is let in with the key ${request.publicKey}`);
}

async function acceptByRouter(text: string, replace: boolean, options: LinkOptions): Promise<void> {
  const client = makeClient(options, false);
  try {
    await untilReady(client, options);
    await client.call("pinion.accounts.enroll", [text.trim()], { replace }, { timeout: 30_000 });
  } finally {
    await client.close();
  }
}
