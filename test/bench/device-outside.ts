/** The other side of a board in `bench:device`: what a page or a backend does with it, by WAMP or by MQTT. */
import { once, type EventEmitter } from "node:events";
import { createRequire } from "node:module";
import { nodeClient } from "@pinion/client";
import type { Address } from "./device-board.ts";

export interface Outside {
  /** Resolves when a board has joined. To be asked for before the board is started. */
  joined(): Promise<void>;
  /** Sets the pin once and waits for the receipt, over WebSocket. */
  setPin(value: number): Promise<void>;
  /** Readings that came since the outside was opened. */
  readings(): number;
  close(): Promise<void>;
}

const RECEIPT_TOPIC = "bench/receipt";

export async function openWampOutside({ router }: Address): Promise<Outside> {
  const client = nodeClient(`ws://127.0.0.1:${String(router)}/ws`, { realm: "realm1", serializer: "json" });
  let readings = 0;
  let joined = Promise.withResolvers<void>();
  client.open();
  await client.subscribe("wamp.session.on_join", () => joined.resolve());
  const count = (): void => {
    readings += 1;
  };
  await client.subscribe("sensor.s", count, { match: "prefix" });
  return {
    joined: () => {
      joined = Promise.withResolvers<void>();
      return joined.promise;
    },
    setPin: async (value) => {
      const { args } = await client.call("device.gpio.set", ["relay", value]);
      checkReceipt(args[0], value);
    },
    readings: () => readings,
    close: () => client.close(),
  };
}

/** As much of MQTT.js as is used here; its own types are not in reach of this program. */
interface MqttClient extends EventEmitter {
  subscribeAsync(topics: readonly string[]): Promise<unknown>;
  publish(topic: string, payload: string): void;
  endAsync(): Promise<void>;
}

export async function openMqttOutside(webSocket: number): Promise<Outside> {
  const peers = createRequire(new URL("../peers/package.json", import.meta.url));
  // What its documentation shows.
  const { connect } = peers("mqtt") as { readonly connect: (url: string) => MqttClient };
  const client = connect(`ws://127.0.0.1:${String(webSocket)}`);
  let readings = 0;
  let joined = Promise.withResolvers<void>();
  let receipt = Promise.withResolvers<unknown>();
  client.on("message", (topic: string, payload: Buffer) => {
    if (topic === "board/online") joined.resolve();
    else if (topic === RECEIPT_TOPIC) receipt.resolve(JSON.parse(payload.toString()));
    else readings += 1;
  });
  await once(client, "connect");
  await client.subscribeAsync(["board/online", "sensor/#", RECEIPT_TOPIC]);
  return {
    joined: () => {
      joined = Promise.withResolvers<void>();
      return joined.promise;
    },
    setPin: async (value) => {
      receipt = Promise.withResolvers<unknown>();
      client.publish("device/gpio/set", JSON.stringify({ pin: "relay", value, answer: RECEIPT_TOPIC }));
      checkReceipt(await receipt.promise, value);
    },
    readings: () => readings,
    close: () => client.endAsync(),
  };
}

function checkReceipt(receipt: unknown, value: number): void {
  const is = typeof receipt === "object" && receipt !== null && "readBack" in receipt && receipt.readBack === value;
  if (!is) throw new Error(`the pin was not set to ${String(value)}: ${JSON.stringify(receipt)}`);
}
