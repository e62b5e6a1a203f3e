import assert from "node:assert/strict";
import { it } from "node:test";
import { payloadOf } from "../../packages/wamp/index.ts";
import type { CallChanges, ErrorChanges, HookedCall, Hooks, Verdict } from "../../router-bridge/router/index.ts";
import { demand } from "./asking.ts";
import { gate, hookWorld, settled } from "./hook-world.ts";
import { assertAborted, events, goodbye } from "./scenes.ts";
import { argsOf, id, types, uri, type Peer } from "./world.ts";

const deny = { verdict: "deny", error: "com.example.no", args: ["not now"], kwargs: { again: true } } as const;

it("shows a call before it is made, and lets it pass, denies it or makes another one of it", () => {
  const seen: HookedCall[] = [];
  const verdicts: Verdict<CallChanges>[] = [
    undefined,
    { verdict: "allow" },
    deny,
    { verdict: "rewrite", procedure: "com.other", args: [2], kwargs: { k: 1 }, options: { disclose_me: true } },
  ];
  const { world } = hookWorld({
    beforeCall: (call) => {
      seen.push(call);
      return verdicts[seen.length - 1];
    },
  });
  const [caller, callee] = [world.join("caller"), world.join("callee")];
  callee.register("com.p");
  callee.register("com.other");
  caller.call("com.p", [1], { timeout: 7 });
  caller.call("com.p", [1]);
  assert.deepEqual(callee.take().map(argsOf), [[1], [1]]);
  caller.call("com.p");
  const error = caller.takeError("com.example.no", 48);
  assert.deepEqual([error.payload.args, error.payload.kwargs], [["not now"], { again: true }]);
  caller.call("com.p", [1]);
  const invocation = callee.takeOne("INVOCATION");
  assert.deepEqual([argsOf(invocation), invocation.payload.kwargs], [[2], { k: 1 }]);
  assert.equal(invocation.details["caller"], caller.sessionId);
  const [first] = seen;
  assert.deepEqual(
    [first?.procedure, first?.args, first?.kwargs, first?.options, first?.request],
    ["com.p", [1], {}, { timeout: 7 }, 1],
  );
  assert.equal(first?.session.id, caller.sessionId);
  assert.equal(first?.session.authrole, "anonymous");
});

it("shows the result of a call and the error of a call, with the call, and changes or replaces them", () => {
  const told: unknown[] = [];
  const verdicts: Verdict<ErrorChanges>[] = [
    undefined,
    { verdict: "rewrite", args: ["changed"] },
    deny,
    undefined,
    { verdict: "rewrite", error: "com.example.other" },
    deny,
  ];
  const { world } = hookWorld({
    afterSuccess: ({ procedure, args: asked }, { args }) => {
      told.push(["success", procedure, asked, args]);
      return verdicts[told.length - 1];
    },
    afterError: ({ procedure }, { error, args }) => {
      told.push(["error", procedure, error, args]);
      return verdicts[told.length - 1];
    },
  });
  const [caller, callee] = [world.join("caller"), world.join("callee")];
  callee.register("com.p");
  const answered = (finish: (request: number) => void): unknown => {
    caller.call("com.p", ["asked"]);
    finish(callee.takeOne("INVOCATION").request);
    const [answer, ...more] = caller.take();
    assert.equal(more.length, 0);
    return answer?.type === "ERROR" ? [answer.error, argsOf(answer)] : argsOf(answer);
  };
  assert.deepEqual(
    answered((request) => callee.yield(request, ["r"])),
    ["r"],
  );
  assert.deepEqual(
    answered((request) => callee.yield(request, ["r"])),
    ["changed"],
  );
  assert.deepEqual(
    answered((request) => callee.yield(request, ["r"])),
    ["com.example.no", ["not now"]],
  );
  const failing = (): unknown => answered((request) => callee.fail(request, "com.example.broken", ["b"]));
  assert.deepEqual(failing(), ["com.example.broken", ["b"]]);
  assert.deepEqual(failing(), ["com.example.other", ["b"]]);
  assert.deepEqual(failing(), ["com.example.no", ["not now"]]);
  assert.deepEqual(told.slice(2, 4), [
    ["success", "com.p", ["asked"], ["r"]],
    ["error", "com.p", "com.example.broken", ["b"]],
  ]);
});

it("shows errors that the router itself makes, and the answers of meta procedures", () => {
  const told: string[] = [];
  const { world } = hookWorld({
    afterSuccess: ({ procedure }) => void told.push(`success ${procedure}`),
    afterError: ({ procedure }, { error }) => void told.push(`${error} ${procedure}`),
  });
  const [caller, callee] = [world.join("caller"), world.join("callee")];
  callee.register("com.p");
  caller.call("com.nobody");
  demand(caller, "wamp.session.count");
  demand(caller, "wamp.session.get", [1]);
  caller.call("com.p", [], { timeout: 50 });
  world.wait(50);
  caller.cancel(caller.call("com.p"));
  caller.call("com.p");
  callee.vanish();
  assert.deepEqual(told, [
    "wamp.error.no_such_procedure com.nobody",
    "success wamp.session.count",
    "wamp.error.no_such_session wamp.session.get",
    "wamp.error.timeout com.p",
    "wamp.error.canceled com.p",
    "wamp.error.canceled com.p",
  ]);
});

it("lets a publication pass, denies it or makes another one of it", () => {
  const { world } = hookWorld({
    onPublish: ({ topic, args, options }) => {
      if (topic === "com.no") return deny;
      if (topic === "com.raw") {
        return {
          verdict: "rewrite",
          topic: "com.clean",
          args: [String(args[0])],
          options: { ...options, exclude_me: false },
        };
      }
      return undefined;
    },
  });
  const [publisher, listener] = [world.join("publisher"), world.join("listener")];
  for (const peer of [publisher, listener]) peer.subscribe("com.", { match: "prefix" });
  publisher.publish("com.t", [1]).publish("com.no").publish("com.raw", [2]);
  assert.deepEqual(
    events(listener).map((event) => [event.details["topic"], ...argsOf(event)]),
    [
      ["com.t", 1],
      ["com.clean", "2"],
    ],
  );
  assert.deepEqual(events(publisher).map(argsOf), [["2"]]);
  publisher.publish("com.no", [], { acknowledge: true });
  publisher.takeError("com.example.no", 16);
});

it("lets a subscription pass, denies it or makes another one of it", () => {
  const { world } = hookWorld({
    onSubscribe: ({ topic, options }) => {
      if (topic === "com.no") return { verdict: "deny" };
      if (options["match"] === "prefix") return { verdict: "rewrite", topic: "com.t", options: {} };
      return undefined;
    },
  });
  const peer = world.join("peer");
  const known = peer.subscribe("com.t");
  assert.equal(peer.subscribe("com.", { match: "prefix" }), known);
  peer.send({ type: "SUBSCRIBE", request: peer.nextRequest(), options: {}, topic: uri("com.no") });
  peer.takeError("wamp.error.not_authorized", 32);
});

it("what a hook made of a request is judged like any other", () => {
  const { world } = hookWorld(
    {
      onPublish: () => ({ verdict: "rewrite", topic: "wamp.mine" }),
      beforeCall: () => ({ verdict: "rewrite", procedure: "a..b" }),
    },
    {},
  );
  const peer = world.join("peer");
  peer.publish("com.t", [], { acknowledge: true });
  peer.takeError("wamp.error.invalid_uri", 16);
  peer.call("com.p");
  peer.takeError("wamp.error.invalid_uri", 48);
});

it("lets a session in or not, before it is welcomed, and tells when it is gone", async () => {
  const told: string[] = [];
  const { world } = hookWorld({
    onSessionOpen: async ({ authmethod }) => {
      told.push(`open ${authmethod}`);
      await Promise.resolve();
      return told.length > 1 ? deny : undefined;
    },
    onSessionClose: (_, reason) => void told.push(`close ${reason}`),
  });
  const guest = world.connect("guest").hello();
  assert.deepEqual(guest.take(), []);
  await settled();
  assert.deepEqual(types(guest.take()), ["WELCOME"]);
  const second = world.connect("second").hello();
  await settled();
  assertAborted(second, "com.example.no");
  guest.send(goodbye());
  assert.deepEqual(told, ["open anonymous", "open anonymous", "close wamp.close.normal"]);
  world.assertEmpty();
});

it("keeps the order of one session while a promise is awaited, and does not stall others", async () => {
  const gates = [gate<undefined>(), gate<undefined>()];
  let asked = 0;
  const { world } = hookWorld({
    onPublish: ({ args }) => (args[0] === "slow" ? gates[asked++]?.promise : undefined),
  });
  const [publisher, other, listener] = [world.join("publisher"), world.join("other"), world.join("listener")];
  listener.subscribe("com.t");
  publisher.publish("com.t", ["slow"]).publish("com.t", [2]).publish("com.t", ["slow"]).publish("com.t", [4]);
  other.publish("com.t", ["other"]);
  assert.deepEqual(events(listener).map(argsOf), [["other"]]);
  await gates[0]?.open(undefined);
  assert.deepEqual(events(listener).map(argsOf), [["slow"], [2]]);
  await gates[1]?.open(undefined);
  assert.deepEqual(events(listener).map(argsOf), [["slow"], [4]]);
});

it("gives the answers of one caller in the order in which its calls ended", async () => {
  const gates = new Map([1, 2].map((n) => [n, gate<undefined>()] as const));
  const { world } = hookWorld({ afterSuccess: ({ request }) => gates.get(request)?.promise });
  const [caller, callee] = [world.join("caller"), world.join("callee")];
  callee.register("com.p");
  for (let i = 0; i < 3; i += 1) caller.call("com.p");
  callee.take();
  for (const request of [1, 2, 3]) callee.yield(request, [request]);
  await gates.get(2)?.open(undefined);
  assert.deepEqual(caller.take(), []);
  await gates.get(1)?.open(undefined);
  assert.deepEqual(caller.take().map(argsOf), [[1], [2], [3]]);
});

it("fails the request with an error that names the hook: thrown, rejected, no verdict, too late", async () => {
  const broken: readonly [Hooks["beforeCall"], RegExp][] = [
    [
      () => {
        throw new Error("oh no");
      },
      /oh no/,
    ],
    [() => Promise.reject(new Error("oh later")), /oh later/],
    [() => ({ verdict: "maybe" }) as never, /no verdict/],
    [() => true as never, /no verdict/],
    [() => ({ verdict: "rewrite", args: 1 }) as never, /args .* no list/],
    [() => ({ verdict: "deny", error: "no uri" }), /no URI/],
    [() => new Promise<undefined>(() => undefined), /5000 ms/],
  ];
  for (const [beforeCall, words] of broken) {
    const { world, faults } = hookWorld(beforeCall ? { beforeCall } : {});
    const caller = world.join("caller");
    caller.call("com.p");
    await settled();
    world.wait(5_000);
    const error = caller.takeError("pinion.error.hook_failed", 48);
    assert.deepEqual(error.payload.kwargs, { hook: "beforeCall" });
    assert.match(String(error.payload.args[0]), /beforeCall/);
    assert.doesNotMatch(String(error.payload.args[0]), /oh/, "what went wrong inside is for the log");
    assert.match(faults[0]?.words ?? "", words);
    assert.deepEqual([faults.length, faults[0]?.hook], [1, "beforeCall"]);
  }
});

it("fails publications, subscriptions, answers and sessions alike", () => {
  const fail = (): never => {
    throw new Error("oh");
  };
  const { world, faults } = hookWorld({
    onPublish: fail,
    onSubscribe: fail,
    afterSuccess: fail,
    afterError: fail,
    onSessionClose: fail,
  });
  const peer = world.join("peer");
  peer.register("com.p");
  peer.publish("com.t").publish("com.t", [], { acknowledge: true });
  peer.takeError("pinion.error.hook_failed", 16);
  peer.send({ type: "SUBSCRIBE", request: peer.nextRequest(), options: {}, topic: uri("com.t") });
  peer.takeError("pinion.error.hook_failed", 32);
  peer.call("com.p");
  peer.take();
  peer.yield(1);
  peer.takeError("pinion.error.hook_failed", 48);
  peer.call("com.nobody");
  peer.takeError("pinion.error.hook_failed", 48);
  peer.vanish();
  assert.deepEqual(
    faults.map(({ hook }) => hook),
    ["onPublish", "onPublish", "onSubscribe", "afterSuccess", "afterError", "onSessionClose"],
  );
  const guarded = hookWorld({ onSessionOpen: fail });
  assertAborted(guarded.world.connect("peer").hello(), "pinion.error.hook_failed");
  world.assertEmpty();
});

it("leaves nothing behind of a session that leaves while its hooks work", async () => {
  const never = (): Promise<undefined> => new Promise(() => undefined);
  const { world } = hookWorld({ onPublish: never, afterSuccess: never });
  const [caller, callee] = [world.join("caller"), world.join("callee")];
  callee.register("com.p");
  caller.call("com.p");
  callee.take();
  callee.yield(1);
  caller.publish("com.t").publish("com.t");
  caller.vanish();
  callee.vanish();
  await settled();
  world.assertEmpty();
});

it("does not ask a hook twice when the authorizer has to be asked after it", () => {
  let asked = 0;
  const { world } = hookWorld(
    { onPublish: () => void (asked += 1) },
    {
      dynamicAuthorizer: {
        procedureFor: () => uri("com.authorize"),
        timeout: 1_000,
        cache: { entries: 10, age: 1_000 },
      },
    },
  );
  const [authorizer, guest] = [world.join("authorizer"), world.join("guest")];
  authorizer.register("com.authorize");
  guest.publish("com.t", [], { acknowledge: true });
  authorizer.yield(authorizer.takeOne("INVOCATION").request, [true]);
  guest.takeOne("PUBLISHED");
  assert.equal(asked, 1);
});

it("lets a call in parts be turned into another, with all its parts", () => {
  const { world } = hookWorld({ beforeCall: () => ({ verdict: "rewrite", procedure: "com.other" }) });
  const caller = world.join("caller", { roles: { caller: { features: { progressive_call_invocations: true } } } });
  const callee = world.join("callee", {
    roles: { callee: { features: { progressive_call_invocations: true, call_canceling: true } } },
  });
  callee.register("com.other");
  const part = (value: number, options: object): Peer =>
    caller.send({
      type: "CALL",
      request: id(1),
      options: { ...options },
      procedure: uri("com.p"),
      payload: payloadOf([value]),
    });
  part(1, { progress: true });
  part(2, { progress: true });
  part(3, {});
  assert.deepEqual(callee.take().map(argsOf), [[1], [2], [3]]);
});

it("a wrong URI that is noticed while a request waits is answered in its turn", async () => {
  const wait = gate<undefined>();
  const { world } = hookWorld({ onPublish: () => wait.promise });
  const peer = world.join("peer");
  peer.publish("com.t", [], { acknowledge: true });
  const { ProtocolViolation, ErrorUri } = await import("../../packages/wamp/index.ts");
  peer.violate(new ProtocolViolation("no URI", ErrorUri.invalidUri, { type: 48, id: peer.nextRequest(), reply: true }));
  assert.deepEqual(peer.take(), []);
  await wait.open(undefined);
  assert.deepEqual(types(peer.take()), ["PUBLISHED", "ERROR"]);
});
