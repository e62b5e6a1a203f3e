import assert from "node:assert/strict";
import { ApplicationError, ErrorUri } from "@pinion/wamp";
import { result } from "@pinion/wamp/client";
import { type Behaviour, Inbox, withUri } from "./scene.ts";

const VALUES = [
  2 ** 53 - 1,
  -(2 ** 53) + 1,
  0,
  -1,
  2 ** 32,
  1.5,
  -0.25,
  true,
  false,
  null,
  "",
  'grüße 漢字 🦀 \u0001 " \\ \u2028',
  [],
  [[[]]],
  { "": 1, __proto_: 2, ключ: { deep: [1, { x: null }] } },
] as const;

export const CALLING: readonly Behaviour[] = [
  {
    name: "a call brings arguments there and results back",
    run: async (scene) => {
      const [callee, caller] = [await scene.client(), await scene.client()];
      const uri = scene.uri();
      await callee.register(uri, ({ args, kwargs }) => result([...args].reverse(), { ...kwargs, seen: true }));
      const { args, kwargs } = await caller.call(uri, [1, "two", [3]], { four: 4 });
      assert.deepEqual([args, kwargs], [[[3], "two", 1], { four: 4, seen: true }]);
      assert.deepEqual((await caller.call(uri)).args, []);
    },
  },
  {
    name: "integers up to 2^53-1, floats, unicode, null, nested lists and dictionaries come back as they were",
    run: async (scene) => {
      const [callee, caller] = [await scene.client(), await scene.client()];
      const uri = scene.uri();
      await callee.register(uri, ({ args, kwargs }) => result(args, kwargs));
      const { args, kwargs } = await caller.call(uri, VALUES, { values: VALUES });
      assert.deepEqual([args, kwargs], [[...VALUES], { values: [...VALUES] }]);
    },
  },
  {
    name: "an error brings its URI, args and kwargs; a thrown exception becomes runtime_error",
    run: async (scene) => {
      const [callee, caller] = [await scene.client(), await scene.client()];
      const [own, thrown] = [scene.uri(), scene.uri()];
      await callee.register(own, () => {
        throw new ApplicationError("com.example.too_hot", ["é", 2 ** 40], { limit: { celsius: 90 } });
      });
      await callee.register(thrown, () => {
        throw new Error("broken");
      });
      await assert.rejects(caller.call(own), (error) => {
        assert.ok(error instanceof ApplicationError);
        const { uri, args, kwargs } = error;
        assert.deepEqual([uri, args, kwargs], ["com.example.too_hot", ["é", 2 ** 40], { limit: { celsius: 90 } }]);
        return true;
      });
      await assert.rejects(caller.call(thrown), withUri("wamp.error.runtime_error"));
      await assert.rejects(caller.call(scene.uri()), withUri(ErrorUri.noSuchProcedure));
    },
  },
  {
    name: "progressive results come in order, before the final one",
    run: async (scene) => {
      const [callee, caller] = [await scene.client(), await scene.client()];
      const uri = scene.uri();
      await callee.register(uri, ({ args, progress }) => {
        for (let part = 1; part <= Number(args[0]); part += 1) progress(part);
        return "end";
      });
      const parts: unknown[] = [];
      const { args } = await caller.call(uri, [50], {}, { onProgress: (part) => parts.push(part.args[0]) });
      assert.deepEqual([args, parts], [["end"], Array.from({ length: 50 }, (_, at) => at + 1)]);
    },
  },
  {
    name: "progressive invocations: a call in parts is read in order",
    run: async (scene) => {
      const [callee, caller] = [await scene.client(), await scene.client()];
      const uri = scene.uri();
      await callee.register(uri, async ({ args, parts }) => {
        const all = [...args];
        for await (const part of parts) all.push(...part.args);
        return all;
      });
      const call = caller.callInParts(uri, [1]);
      for (let part = 2; part < 20; part += 1) call.send([part]);
      const { args } = await call.end([20]);
      assert.deepEqual(
        args[0],
        Array.from({ length: 20 }, (_, at) => at + 1),
      );
    },
  },
  {
    name: "cancel reaches the callee, and the caller has its answer",
    run: async (scene) => {
      const [callee, caller] = [await scene.client(), await scene.client()];
      const uri = scene.uri();
      const [begun, interrupted] = [new Inbox<true>(), new Inbox<true>()];
      await callee.register(uri, ({ signal }) => {
        const waiting = new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            interrupted.put(true);
            reject(new Error("stopped"));
          });
        });
        begun.put(true);
        return waiting;
      });
      const controller = new AbortController();
      const call = caller.call(uri, [], {}, { signal: controller.signal });
      const refused = assert.rejects(call);
      await begun.atLeast(1);
      controller.abort();
      await refused;
      await interrupted.atLeast(1);
    },
  },
  {
    name: "timeout: the dealer ends a call that takes too long, with wamp.error.timeout",
    run: async (scene) => {
      const [callee, caller] = [await scene.client(), await scene.client()];
      const uri = scene.uri();
      await callee.register(uri, () => new Promise(() => undefined));
      // on the wire only: the client's own limit is not what is shown here
      await assert.rejects(caller.call(uri, [], {}, { options: { timeout: 30 } }), withUri(ErrorUri.timeout));
    },
  },
  {
    name: "pattern registrations: exact before longest prefix before wildcard, and the procedure is told",
    run: async (scene) => {
      const [callee, caller] = [await scene.client(), await scene.client()];
      const base = scene.uri();
      const answer = (name: string) => (invocation: { procedure: string }) => [name, invocation.procedure];
      await callee.register(`${base}.`, answer("prefix"), { match: "prefix" });
      await callee.register(`${base}.a.`, answer("longer"), { match: "prefix" });
      await callee.register(`${base}.a.b`, answer("exact"));
      await callee.register(`${base.replace(/\.n\d+$/, "")}..wild.x`, answer("wildcard"), { match: "wildcard" });
      const wild = `${base.replace(/n\d+$/, "other")}.wild.x`;
      for (const [uri, name] of [
        [`${base}.a.b`, "exact"],
        [`${base}.a.c`, "longer"],
        [`${base}.z`, "prefix"],
        [wild, "wildcard"],
      ] as const) {
        assert.deepEqual((await caller.call(uri)).args[0], [name, uri]);
      }
    },
  },
  {
    name: "many calls at a time are each answered once, with their own answer",
    run: async (scene) => {
      const [callee, caller] = [await scene.client(), await scene.client()];
      const uri = scene.uri();
      await callee.register(uri, async ({ args }) => {
        if (Number(args[0]) % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
        return args[0];
      });
      const numbers = Array.from({ length: 200 }, (_, at) => at);
      const answers = await Promise.all(numbers.map((number) => caller.call(uri, [number])));
      assert.deepEqual(
        answers.map(({ args }) => args[0]),
        numbers,
      );
    },
  },
  {
    name: "a caller whose callee leaves has its answer",
    run: async (scene) => {
      const [callee, caller] = [await scene.client(), await scene.client()];
      const uri = scene.uri();
      const begun = new Inbox<true>();
      await callee.register(uri, () => {
        begun.put(true);
        return new Promise(() => undefined);
      });
      const refused = assert.rejects(caller.call(uri), withUri(ErrorUri.canceled));
      await begun.atLeast(1);
      await callee.close();
      await refused;
    },
  },
];
