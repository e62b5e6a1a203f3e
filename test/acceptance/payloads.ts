import assert from "node:assert/strict";
import { ErrorUri } from "@pinion/wamp";
import { result, type ReceivedEvent } from "@pinion/wamp/client";
import { type Behaviour, Inbox, LIMIT, withUri } from "./scene.ts";
import { SERIALIZERS } from "./transports.ts";

/** What the envelope of a call takes at most here. */
const ENVELOPE = 400;

export const PAYLOADS: readonly Behaviour[] = [
  {
    name: "a payload up to the limit goes through; one over it is refused where it is made, and the session goes on",
    run: async (scene) => {
      const [callee, caller] = [await scene.client(), await scene.client()];
      const uri = scene.uri();
      await callee.register(uri, ({ args }) => String(args[0]).length);
      const text = "x".repeat(LIMIT - ENVELOPE);
      assert.deepEqual((await caller.call(uri, [text])).args, [text.length]);
      await assert.rejects(caller.call(uri, ["x".repeat(LIMIT)]), withUri(ErrorUri.payloadSizeExceeded));
      assert.deepEqual((await caller.call(uri, ["after"])).args, [5]);
    },
  },
  {
    name: "large events come whole",
    run: async (scene) => {
      const [publisher, subscriber] = [await scene.client(), await scene.client()];
      const topic = scene.uri();
      const inbox = new Inbox<ReceivedEvent>();
      await subscriber.subscribe(topic, inbox.put);
      const text = "°C ".repeat(100_000);
      for (const number of [1, 2, 3]) await publisher.publish(topic, [number, text], {}, { acknowledge: true });
      const events = await inbox.atLeast(3);
      for (const [at, { args }] of events.entries()) assert.deepEqual(args, [at + 1, text]);
    },
  },
  {
    name: "binary comes back octet for octet, also inside lists and dictionaries",
    run: async (scene) => {
      const [callee, caller] = [await scene.client(), await scene.client()];
      const uri = scene.uri();
      await callee.register(uri, ({ args, kwargs }) => result(args, kwargs));
      const all = Uint8Array.from({ length: 1000 }, (_, at) => at % 256);
      const given = [all, new Uint8Array(0), [all], Uint8Array.of(0)];
      const { args, kwargs } = await caller.call(uri, given, { blob: all });
      assert.deepEqual([args, kwargs], [given, { blob: all }]);
    },
  },
  {
    name: "peers of every other serializer read the same values",
    run: async (scene) => {
      const callee = await scene.client();
      const uri = scene.uri();
      await callee.register(uri, ({ args, kwargs }) => result(args, kwargs));
      const values = [2 ** 53 - 1, -1.5, "漢字 🦀", Uint8Array.of(0, 255, 128), { a: [null, true] }];
      for (const serializer of SERIALIZERS) {
        const caller = await scene.foreigner(serializer);
        assert.deepEqual((await caller.call(uri, values, { values })).args, values, serializer);
      }
    },
  },
];
