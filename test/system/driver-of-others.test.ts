/** The built board with a driver of somebody else: it is there for callers, and its end is nobody else's. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ApplicationError } from "@pinion/wamp";
import { nodeClient } from "@pinion/client";
import { driverText } from "../device/guest/guest-rig.ts";
import { freePort, startBridge, startDevice, temporaryFolder, until } from "../support/programs.ts";

test("a driver of others is called over the router; when it ends its process the board's pins go on, and it comes back", async (t) => {
  const port = await freePort();
  const url = `rs://127.0.0.1:${String(port)}`;
  const bridge = await startBridge(port);
  t.after(() => bridge.stop());
  const folder = temporaryFolder(t);
  const open = `return { ...usual, invoke: async (action, channel, [end]) => (end ? process.exit(9) : "here") };`;
  const end = `args: [{ name: "end", description: "End it.", schema: { type: "boolean" }, optional: true },
    { name: "at", description: "Where.", schema: { type: "string", format: "ipv4" }, optional: true }],`;
  writeFileSync(join(folder, "my.mjs"), driverText({ open }).replace("args: [],", end));
  const device = startDevice(
    folder,
    `device: { id: shed }\nrouter: { url: "${url}" }\nboard: { gpio: simulated }\ndrivers:\n  - use: gpio\n    pins: { relay: { pin: GPIO17, direction: out } }\n  - use: ./my.mjs\n`,
  );
  t.after(() => device.stop());
  const client = nodeClient(url, { realm: "realm1" });
  client.open();
  t.after(() => client.close());
  const poke = async (...args: readonly unknown[]): Promise<unknown> =>
    client.call("device.mine.poke", ["one", ...args]).then(
      (answer) => answer.args[0],
      (error: unknown) => (error instanceof ApplicationError ? error.uri : error),
    );
  await until("the driver", async () => (await poke()) === "here", 30_000, device.output);
  // a format of JSON Schema, which the board knows for the sake of drivers of others alone
  assert.equal(await poke(false, "10.0.0.300"), "wamp.error.invalid_argument");
  assert.equal(await poke(false, "10.0.0.3"), "here");
  assert.equal(await poke(true), "pinion.error.driver_fault");
  const { args } = await client.call("device.gpio.set", ["relay", 1]);
  assert.equal((args[0] as { readBack: unknown }).readBack, 1); // the receipt
  await until("the driver again", async () => (await poke()) === "here", 30_000, device.output);
});
