/**
 * Outside the installed board: the built router-bridge, and somebody who switches the pump on each time the board joins. Writes
 * how many readings came, each second, to the file in argv[2].
 */
import { writeFileSync } from "node:fs";
import { nodeClient } from "@pinion/client";
import { startBridge } from "../../support/programs.ts";

const PORT = 8080;
const file = process.argv[2] ?? "";

const bridge = await startBridge(PORT);
process.once("SIGTERM", () => void bridge.stop().then(() => process.exit(0)));
const client = nodeClient(`rs://127.0.0.1:${String(PORT)}`, { realm: "realm1" });
client.open();
let readings = 0;
const switched = new Set<unknown>();
await client.subscribe("sensor.", () => void (readings += 1), { match: "prefix" });
await client.subscribe("device.announce", ({ args: [board] }) => {
  const boot = board !== null && typeof board === "object" && "boot" in board ? board.boot : undefined;
  if (switched.has(boot)) return;
  switched.add(boot);
  client.call("device.gpio.set", ["pump", 1], {}, { timeout: 20_000 }).catch(() => switched.delete(boot));
});
setInterval(() => writeFileSync(file, `${String(readings)}\n`), 1000);
