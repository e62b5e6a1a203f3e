import assert from "node:assert/strict";
import { test } from "node:test";
import { mqttWire } from "./mqtt-wire.ts";
import { NumberedBatches } from "./numbered-batches.ts";
import { wampWire } from "./wamp-wire.ts";
import type { Wire } from "./wire.ts";

const wamp = (framing: "raw" | "websocket", serializer: "json" | "msgpack"): Wire =>
  wampWire({ port: 0, protocol: "wamp", framing, serializer, path: "/" });

const wires: Readonly<Record<string, Wire>> = {
  "raw socket, JSON": wamp("raw", "json"),
  "raw socket, MessagePack": wamp("raw", "msgpack"),
  "WebSocket, JSON": wamp("websocket", "json"),
  "WebSocket, MessagePack": wamp("websocket", "msgpack"),
  MQTT: mqttWire,
};

for (const [name, wire] of Object.entries(wires)) {
  for (const payload of [16, 100, 300]) {
    test(`${name}, ${String(payload)} B: a frame that was written over is the frame that would have been made`, () => {
      const source = wire.publication({ topic: "bench.topic", payload: "x".repeat(payload), acknowledge: true });
      const batches = new NumberedBatches([source], 64);
      for (let from = 1; from < 70_000; from += 64) {
        const batch = batches.take();
        if (from < 700 || from > 65_000) {
          const made = Array.from({ length: 64 }, (_, i) => source.make(from + i));
          assert.ok(batch.octets.equals(Buffer.concat(made)), `frames from ${String(from)} on`);
        }
        batch.done();
      }
    });
  }
}

test("frames of several sources follow each other in turn", () => {
  const wire = wamp("raw", "json");
  const sources = ["a", "b", "c", "d"].map((topic) => wire.publication({ topic, payload: "", acknowledge: false }));
  const batches = new NumberedBatches(sources, 2);
  const topics = [1, 2, 3, 4].map(() => {
    const { octets, done } = batches.take();
    done();
    return [...octets.toString().matchAll(/"([a-d])"/g)].map((match) => match[1]).join("");
  });
  assert.deepEqual(topics, ["ab", "cd", "ab", "cd"]);
});
