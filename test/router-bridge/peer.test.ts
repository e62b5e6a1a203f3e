import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { payloadOf, toId, type Message, type PublicationId, type RequestId, type SubscriptionId } from "@pinion/wamp";
import { Outgoing } from "../../router-bridge/encoded.ts";
import { Peer, type QueueBounds } from "../../router-bridge/peer.ts";
import { FillingLink } from "../support/filling-link.ts";

const BOUNDS: QueueBounds = {
  octets: 1000,
  messages: 100,
  grace: 50,
  hardOctets: 5000,
  pressureOctets: 500,
  policy: () => "disconnect",
};

function event(text: string, subscription = 1, topic?: string): Message {
  return {
    type: "EVENT",
    subscription: toId<SubscriptionId>(subscription),
    publication: toId<PublicationId>(2),
    details: topic === undefined ? {} : { topic },
    payload: payloadOf([text]),
  };
}

function result(request: number): Message {
  return { type: "RESULT", request: toId<RequestId>(request), details: {}, payload: payloadOf([]) };
}

interface Scene {
  readonly link: FillingLink;
  readonly peer: Peer;
  now: number;
  send(message: Message): string;
  /** The peer takes what its link holds, as often as there is something. */
  takeAll(): void;
}

function scene(bounds: Partial<QueueBounds> = {}): Scene {
  const link = new FillingLink();
  const it: Scene = {
    link,
    now: 0,
    peer: new Peer(link, { ...BOUNDS, ...bounds }, () => it.now),
    send: (message) => it.peer.send(new Outgoing(message)),
    takeAll: () => {
      while (link.bufferedAmount > 0) {
        link.bufferedAmount = 0;
        it.peer.drained();
      }
    },
  };
  return it;
}

const LARGE = "x".repeat(600);

test("a peer above its bound is kept for the grace and then has to go; below it the grace begins anew", () => {
  const it = scene();
  assert.equal(it.send(event(LARGE)), "sent");
  assert.equal(it.send(event(LARGE)), "waiting");
  it.now = 50;
  assert.equal(it.send(event("a")), "waiting");
  it.takeAll();
  assert.equal(it.send(event(LARGE)), "sent");
  assert.equal(it.send(event(LARGE)), "waiting");
  it.now = 101;
  assert.equal(it.send(event("a")), "overflow");
});

test("a peer that takes each large message in time is never slow, however far apart they come", () => {
  const it = scene();
  for (it.now = 0; it.now < 1000; it.now += 200) {
    assert.equal(it.send(event(LARGE.repeat(5))), "sent");
    it.takeAll();
  }
});

test("a peer's patience ends with its grace, and is forgotten once its queue has fallen to the bound", () => {
  const it = scene();
  assert.equal(it.peer.patience(), undefined);
  for (let i = 0; i < 3; i++) it.send(event(LARGE));
  it.now = 20;
  assert.equal(it.peer.patience(), 30);
  it.now = 60;
  assert.equal(it.peer.patience(), -10);
  it.takeAll();
  assert.equal(it.peer.patience(), undefined);
});

test("a peer above the hard bound has to go at once", () => {
  const it = scene();
  it.send(event(LARGE));
  assert.equal(it.send(event("x".repeat(5000))), "overflow");
});

test("more messages than the bound are as bad as more octets", () => {
  const it = scene({ messages: 3 });
  it.send(event("x".repeat(90)));
  for (let i = 0; i < 3; i++) assert.equal(it.send(event("a")), "waiting");
  assert.equal(it.peer.patience(), undefined);
  it.send(event("a"));
  assert.equal(it.peer.patience(), 50);
});

test("a peer is sent nothing over its limit, and nothing after it was closed", () => {
  const it = scene();
  it.link.maxSend = 1000;
  assert.equal(it.send(event("x".repeat(1000))), "oversize");
  it.peer.close({ code: 1000, words: "bye" });
  assert.equal(it.send(event("a")), "closed");
  assert.deepEqual([it.link.sent.length, it.link.farewells.length], [0, 1]);
});

test("what waits is sent in order when the link drains, and a farewell comes after all of it", () => {
  const it = scene({ octets: 10_000, hardOctets: 20_000 });
  const words = Array.from({ length: 20 }, (_, i) => `${String(i)} ${"x".repeat(40)}`);
  for (const text of words) it.send(event(text));
  it.link.bufferedAmount = 0;
  it.peer.drained();
  it.peer.close({ code: 1000, words: "bye" }, new Outgoing(result(7)));
  const got = it.link.messages;
  assert.equal(got.at(-1)?.type, "RESULT");
  assert.deepEqual(
    got.slice(0, -1).map((message) => (message.type === "EVENT" ? message.payload.args[0] : message.type)),
    words,
  );
});

test("with coalesce the newest of each topic arrives, with the number of those left out; answers all arrive", () => {
  const it = scene({ policy: () => "coalesce", messages: 10 });
  it.send(event("x".repeat(100), 9));
  for (let i = 1; i <= 40; i++) {
    it.send(event(`a${String(i)}`, 1));
    it.send(event(`b${String(i)}`, 2, "b.topic"));
    if (i % 10 === 0) it.send(result(i));
  }
  it.takeAll();
  const got = it.link.messages.slice(1);
  assert.deepEqual(
    got.filter(({ type }) => type === "RESULT").map((message) => "request" in message && message.request),
    [10, 20, 30, 40],
  );
  for (const [subscription, last] of [
    [1, "a40"],
    [2, "b40"],
  ] as const) {
    const events = got.filter((message) => message.type === "EVENT" && message.subscription === subscription);
    const newest = events.at(-1);
    assert.ok(newest?.type === "EVENT");
    assert.equal(newest.payload.args[0], last);
    const told = events.map((message) => Number((message.type === "EVENT" && message.details["pinion_dropped"]) || 0));
    assert.equal(events.length + told.reduce((sum, n) => sum + n, 0), 40);
    if (subscription === 2) assert.equal(newest.details["topic"], "b.topic");
  }
  assert.ok(got.length <= 10 + 4);
  assert.deepEqual(it.peer.patience(), undefined);
});

test("answers alone over the bound end a peer whatever its policy, after the grace", () => {
  for (const policy of ["coalesce", "drop-oldest"] as const) {
    const it = scene({ policy: () => policy, messages: 5 });
    it.send(event("x".repeat(100)));
    for (let i = 1; i <= 6; i++) assert.equal(it.send(result(i)), "waiting");
    it.now = 51;
    assert.equal(it.send(result(7)), "overflow", policy);
  }
});

test("a call for a callee that is over its bound is refused and leaves nothing in its queue", () => {
  const it = scene();
  for (let i = 0; i < 3; i++) it.send(event(LARGE));
  const before = it.peer.queuedOctets;
  const call: Message = {
    type: "INVOCATION",
    request: toId<RequestId>(1),
    registration: toId(1),
    details: {},
    payload: payloadOf([]),
  };
  assert.equal(it.send(call), "refused");
  assert.equal(it.peer.queuedOctets, before);
});

test("an EVENT without room for the word that others are missing counts as too large for a slow peer", () => {
  const it = scene({ policy: () => "drop-oldest" });
  it.link.maxSend = 700;
  it.send(event(LARGE));
  assert.equal(it.send(event("x".repeat(650))), "oversize");
  assert.equal(it.send(event("a")), "waiting");
});

test("a peer is read again only when everybody who held it has let go", () => {
  const it = scene();
  it.peer.hold();
  it.peer.hold();
  it.peer.release();
  assert.equal(it.link.paused, true);
  it.peer.release();
  assert.equal(it.link.paused, false);
});

test("the policy is that of the peer's role", () => {
  const asked: (string | undefined)[] = [];
  const it = scene({
    policy: (role) => {
      asked.push(role);
      return "coalesce";
    },
  });
  for (let i = 0; i < 3; i++) it.send(event(LARGE));
  assert.deepEqual(asked, [undefined]);
});

const FAREWELL = { code: 1008, words: "too slow" };

/** More waits than one turn takes; a small message says which it is. */
function longQueue(): { it: Scene; waiting: number } {
  const it = scene({ octets: 1e7, hardOctets: 1e8, messages: 1e6 });
  const text = "x".repeat(1000);
  for (let i = 1; i <= 1001; i++) it.send(event(`${String(i)} ${text}`));
  assert.equal(it.link.sent.length, 1);
  return { it, waiting: 1000 };
}

test("a peer with a long queue that has to go gets it in order and then its last message, over several turns", async () => {
  const { it, waiting } = longQueue();
  it.peer.close(FAREWELL, new Outgoing(result(7)));
  assert.ok(it.link.sent.length < waiting / 2, "one turn took most of it");
  assert.equal(it.link.farewells.length, 0);
  it.send(event("later"));
  it.peer.close({ code: 1000, words: "once more" });
  while (it.link.farewells.length === 0) await setImmediate();
  const numbers = it.link.messages.map((message) =>
    message.type === "EVENT" ? Number.parseInt(String(message.payload.args[0]), 10) : message.type,
  );
  assert.deepEqual(numbers, [...Array.from({ length: waiting + 1 }, (_, i) => i + 1), "RESULT"]);
  assert.deepEqual(it.link.farewells, [FAREWELL]);
});

test("a link that ends while its peer is being closed is handed nothing more", async () => {
  const { it } = longQueue();
  it.peer.close(FAREWELL);
  const { length } = it.link.sent;
  it.peer.ended();
  for (let turn = 0; turn < 20; turn++) await setImmediate();
  assert.equal(it.link.sent.length, length);
  assert.equal(it.peer.queuedMessages, 0);
  assert.deepEqual(it.link.farewells, []);
});

test("a link that breaks while its peer is being closed is dropped, and nobody else feels it", async () => {
  const { it } = longQueue();
  const words: string[] = [];
  it.link.abort = (said) => void words.push(said);
  it.peer.close(FAREWELL);
  it.link.send = () => {
    throw new Error("a broken link");
  };
  while (words.length === 0) await setImmediate();
  assert.match(words[0] ?? "", /a broken link/);
  assert.equal(it.peer.queuedMessages, 0);
});
