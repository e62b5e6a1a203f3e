/**
 * Outside the installed board: the built router-bridge, and somebody who switches the pump on each time the board joins. Writes
 * how many readings came, each second, to the file in argv[2]. argv[3]: a folder with accounts; none: nobody logs in.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { nodeClient, readCredentials } from "@pinion/client";
import { BOARD, OPERATOR } from "../../support/board-accounts.ts";
import { startBridge } from "../../support/programs.ts";

const PORT = 8080;
const [, , file = "", accounts] = process.argv;

const bridge = await startBridge(PORT, accounts === undefined ? [] : ["--config", join(accounts, "bridge.yaml")]);
process.once("SIGTERM", () => void bridge.stop().then(() => process.exit(0)));
const credentials =
  accounts === undefined
    ? undefined
    : readCredentials({ authid: OPERATOR, keyFile: join(accounts, `${OPERATOR}.key`) });
// with accounts a board has procedures of its own name only
const set = accounts === undefined ? "device.gpio.set" : `device.${BOARD}.gpio.set`;
const client = nodeClient(`rs://127.0.0.1:${String(PORT)}`, { credentials });
client.open();
let readings = 0;
const switched = new Set<unknown>();
await client.subscribe("sensor.", () => void (readings += 1), { match: "prefix" });
await client.subscribe("device.announce", ({ args: [board] }) => {
  const boot = board !== null && typeof board === "object" && "boot" in board ? board.boot : undefined;
  if (switched.has(boot)) return;
  switched.add(boot);
  client.call(set, ["pump", 1], {}, { timeout: 20_000 }).catch(() => switched.delete(boot));
});
setInterval(() => writeFileSync(file, `${String(readings)}\n`), 1000);
