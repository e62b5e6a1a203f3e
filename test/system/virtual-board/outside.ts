/**
 * What stands outside the virtual board: the built router-bridge, and a client that calls and subscribes. Runs in the
 * board's private network; writes one JSON line per observation to the file in argv[2].
 */
import { appendFileSync } from "node:fs";
import { nodeClient } from "@pinion/client";
import { startBridge, until } from "../../support/programs.ts";

const PORT = 8080;
const log = process.argv[2] ?? "";
const say = (fact: string, value: unknown): void => appendFileSync(log, `${JSON.stringify({ fact, value })}\n`);

async function main(): Promise<void> {
  let bridge = await startBridge(PORT);
  const client = nodeClient(`rs://127.0.0.1:${String(PORT)}`, { realm: "realm1" });
  client.open();
  await client.ready(AbortSignal.timeout(20_000));
  const contact: unknown[] = [];
  const meter: unknown[] = [];
  await client.subscribe(
    "sensor.",
    ({ topic, args, kwargs }) => {
      if (topic === "sensor.contact") contact.push(args[0]);
      if (topic === "sensor.tank_temperature") meter.push(args[0], kwargs["unit"]);
    },
    { match: "prefix" },
  );
  const call = async (...args: unknown[]): Promise<unknown> =>
    (await client.call("device.gpio.set", args, {}, { timeout: 20_000 })).args[0];

  await until(
    "the board to register",
    async () => {
      try {
        await client.call("device.describe", [], {}, { timeout: 5_000 });
        return true;
      } catch {
        return false; // still booting
      }
    },
    90_000,
  );
  say("set relay 1", await call("relay", 1));
  await until("the contact's event", () => contact.includes(1), 60_000);
  say("contact", contact);
  say("set relay 0 by its BCM name", await call("GPIO17", 0));
  say("set an input", await call("contact", 1).catch((error: unknown) => String(error)));
  say("set a pin that nobody configured", await call(5, 1).catch((error: unknown) => String(error)));
  await until("two readings of the serial meter", () => meter.length >= 4, 60_000);
  say("meter", meter.slice(0, 4));
  say("set pump 1", await call("pump", 1));
  await bridge.stop("SIGKILL");
  bridge = await startBridge(PORT);
  await until(
    "the board to register again",
    async () => {
      try {
        say("pump after the router's restart", (await client.call("device.gpio.get", ["pump"])).args[0]);
        return true;
      } catch {
        return false; // still waiting for its next attempt
      }
    },
    60_000,
  );
  say("done", true);
  process.once("SIGTERM", () => {
    void bridge.stop().then(() => process.exit(0));
  });
}

main().catch((error: unknown) => say("failed", String(error)));
