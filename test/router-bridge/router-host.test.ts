import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { noPayload, toUri } from "@pinion/wamp";
import { serializers } from "@pinion/wamp/serializer";
import { Counters } from "../../router-bridge/counters.ts";
import type { Encoded } from "../../router-bridge/encoded.ts";
import type { Farewell, Link, LinkHandlers } from "../../router-bridge/link.ts";
import { FoldedLog } from "../../router-bridge/log.ts";
import { RouterHost, type RouterHostOptions } from "../../router-bridge/router-host.ts";
import {
  eventually,
  logInto,
  openSocket,
  readToEnd,
  startBridge,
  type LogLine,
} from "../support/router-bridge-fixture.ts";
import { talk } from "../support/router-bridge-talk.ts";

/** A link in memory: what is sent is kept as text, closing is told at once in the next turn. */
class MemoryLink implements Link {
  readonly serializer = serializers.json;
  readonly info = { transport: "memory", local: true, tls: false, address: "memory" } as const;
  readonly maxSend = 1_000_000;
  readonly bufferedAmount = 0;
  readonly sent: string[] = [];
  farewell: Farewell | undefined;
  fails = false;
  #handlers: LinkHandlers | undefined;

  start(handlers: LinkHandlers): void {
    this.#handlers = handlers;
  }
  send(encoded: Encoded): boolean {
    if (this.fails) throw new Error("a broken link");
    this.sent.push(Buffer.from(encoded.octets).toString());
    return true;
  }
  pause(): void {}
  resume(): void {}
  close(farewell: Farewell): void {
    this.farewell = farewell;
    setImmediate(() => this.#handlers?.onClose(farewell.words));
  }
  abort(words: string): void {
    setImmediate(() => this.#handlers?.onClose(words));
  }
  says(text: string): void {
    this.#handlers?.onMessage(Buffer.from(text));
  }
}

function makeHost(lines: LogLine[], more: Partial<RouterHostOptions> = {}): RouterHost {
  const log = logInto(lines);
  return new RouterHost({
    realms: ["realm1"],
    limits: { goodbyeTimeout: 50 },
    queue: {
      octets: 1000,
      messages: 100,
      grace: 10,
      hardOctets: 2000,
      pressureOctets: 500,
      policy: () => "disconnect",
    },
    agent: "test",
    log,
    folded: new FoldedLog(log, () => 0),
    counters: new Counters(),
    now: () => performance.now(),
    random: Math.random,
    ...more,
  });
}

const HELLO = '[1,"realm1",{"roles":{"caller":{},"callee":{},"publisher":{},"subscriber":{}}}]';

test("a fault of the router itself ends one session with a word and is logged; the others go on", async () => {
  const lines: LogLine[] = [];
  let broken = false;
  const random = (): number => {
    if (broken) throw new Error("no entropy");
    return Math.random();
  };
  const host = makeHost(lines, { random });
  const [good, bad] = [new MemoryLink(), new MemoryLink()];
  for (const link of [good, bad]) {
    host.accept(link);
    link.says(HELLO);
  }
  broken = true;
  bad.says('[16,1,{"acknowledge":true},"a.b"]');
  broken = false;
  assert.match(bad.sent.at(-1) ?? "", /^\[3,.*the router failed/);
  assert.equal(bad.farewell?.code, 1011);
  assert.deepEqual(
    lines.filter(({ level }) => level === "error").map(({ words }) => words),
    ["a fault of the router itself ended this session"],
  );
  good.says('[64,1,{},"a.b"]');
  assert.match(good.sent.at(-1) ?? "", /^\[65,1,/);
  await host.stop(1000);
});

test("a link that fails while an event is sent costs the other subscribers nothing", async () => {
  const lines: LogLine[] = [];
  const host = makeHost(lines);
  const [first, second, third] = [new MemoryLink(), new MemoryLink(), new MemoryLink()];
  for (const link of [first, second, third]) {
    host.accept(link);
    link.says(HELLO);
    link.says('[32,1,{},"a.b"]');
  }
  second.fails = true;
  first.says('[16,2,{"exclude_me":false},"a.b",[1]]');
  assert.match(first.sent.at(-1) ?? "", /^\[36,/);
  assert.match(third.sent.at(-1) ?? "", /^\[36,/);
  assert.equal(second.farewell?.code, 1011);
  await host.stop(1000);
});

test("the router's reason decides the close code: 1000 for GOODBYE, 1002 for a violation, 1008 for a refusal", async () => {
  const host = makeHost([]);
  for (const [text, code] of [
    ['[6,{},"wamp.close.normal"]', 1000],
    ["[2,1,{}]", 1002],
    ["no message", 1002],
  ] as const) {
    const link = new MemoryLink();
    host.accept(link);
    link.says(HELLO);
    link.says(text);
    assert.equal(link.farewell?.code, code, text);
  }
  const stranger = new MemoryLink();
  host.accept(stranger);
  stranger.says('[1,"nowhere",{"roles":{"caller":{}}}]');
  assert.equal(stranger.farewell?.code, 1008);
  await host.stop(1000);
});

test("a call that times out and a peer that never says HELLO are ended by the host's timer", async (t) => {
  const { at } = await startBridge(t, "limits: { joinTimeout: 100, goodbyeTimeout: 50 }");
  const mute = await talk(t, `rs://${at}`);
  const callee = await (await talk(t, `rs://${at}`)).join();
  await callee.register("slow");
  const caller = await (await talk(t, `ws://${at}/ws`)).join();
  caller.send({
    type: "CALL",
    request: caller.id(),
    options: { timeout: 30 },
    procedure: toUri("slow"),
    payload: noPayload,
  });
  assert.equal((await caller.expect("ERROR")).error, "wamp.error.timeout");
  assert.equal((await mute.expect("ABORT")).reason, "wamp.error.timeout");
  await mute.closed;
});

test("a callee whose connection breaks fails the calls that wait for it", async (t) => {
  const { at, bridge } = await startBridge(t);
  const callee = await (await talk(t, `ws://${at}/ws`)).join();
  await callee.register("slow");
  const caller = await (await talk(t, `rs://${at}`)).join();
  caller.call("slow");
  await callee.expect("INVOCATION");
  callee.transport.abort();
  assert.match((await caller.expect("ERROR")).error, /^wamp\.error\./);
  await eventually(() => bridge.connections === 1, "the callee's end");
  caller.call("slow");
  assert.equal((await caller.expect("ERROR")).error, "wamp.error.no_such_procedure");
});

test("whatever octets come, the process goes on and serves the others", async (t) => {
  const { at, port, bridge } = await startBridge(t, "limits: { firstOctetTimeout: 500, goodbyeTimeout: 50 }");
  const witness = await (await talk(t, `rs://${at}`)).join();
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom([], [0x7f], [0x7f, 0xf1, 0, 0], [0x7f, 0xf1, 0, 0, 0, 0, 0, 5], [...Buffer.from("GET ")]),
      fc.uint8Array({ maxLength: 300 }),
      async (head, tail) => {
        const socket = await openSocket(t, port);
        socket.end(Buffer.from([...head, ...tail]));
        await readToEnd(socket);
      },
    ),
    { numRuns: 60 },
  );
  await witness.subscribe("still.here");
  await eventually(() => bridge.connections === 1, "the end of all others");
});

test("alike warnings are folded to one a minute, with the number of those left out", () => {
  const lines: LogLine[] = [];
  const counts: unknown[] = [];
  let now = 0;
  const base = logInto(lines);
  const folded = new FoldedLog(
    {
      ...base,
      warn: (fields, words) => (counts.push("leftOut" in fields ? fields.leftOut : 0), base.warn(fields, words)),
    },
    () => now,
  );
  for (let i = 0; i < 5; i++) folded.warn("a", {}, "first");
  folded.warn("b", {}, "other");
  now = 59_999;
  folded.warn("a", {}, "still folded");
  now = 60_000;
  folded.warn("a", {}, "second");
  folded.warn("b", {}, "other again");
  assert.deepEqual(
    lines.map(({ words }) => words),
    ["first", "other", "second", "other again"],
  );
  assert.deepEqual(counts, [0, 0, 5, 0]);
});
