/**
 * Every message that a client may send, mutilated in every way the catalogue knows, in the octets of every serializer,
 * through the real parser into the real router: the right ABORT or ERROR, a bystander who notices nothing, and nothing left.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { messageTable } from "../../packages/wamp/message-table.ts";
import type { SerializerName } from "../../packages/wamp/serializer/index.ts";
import { hostileOctets } from "../support/hostile-octets.ts";
import { mutationsOf, type Mutation } from "../support/hostile-mutations.ts";
import { CATALOGUE, NO_MESSAGE, rightMessage, type CatalogueEntry } from "../support/wamp-catalogue.ts";
import { argsOf, types, World, type Peer } from "./world.ts";
import { feed } from "./octets.ts";

const SERIALIZERS: readonly SerializerName[] = ["json", "msgpack", "cbor"];

/** A hostile peer as far as its next message may be this one, and a bystander who waits for its answer where it can. */
function stage(entry: CatalogueEntry): Stage {
  const challenges = entry.type === "AUTHENTICATE";
  const world = new World(challenges ? { authenticator: challenging } : {});
  const friend = world.connect("friend").hello();
  if (challenges) friend.send({ type: "AUTHENTICATE", signature: "secret", extra: {} });
  friend.take();
  friend.subscribe("friend.topic");
  friend.register("friend.procedure");
  const peer = world.connect("peer");
  if (entry.type === "HELLO") return { world, friend, peer, waits: false, next: 1 };
  peer.hello();
  if (challenges) {
    peer.take();
    return { world, friend, peer, waits: false, next: 1 };
  }
  peer.take();
  peer.register("hostile.own");
  friend.call("hostile.own");
  peer.takeOne("INVOCATION");
  return { world, friend, peer, waits: true, next: 2 };
}

interface Stage {
  readonly world: World;
  readonly friend: Peer;
  readonly peer: Peer;
  /** The friend waits for the peer's answer. */
  readonly waits: boolean;
  /** The id of the peer's next request. */
  readonly next: number;
}

const identity = { authid: "somebody", authrole: "anonymous", authmethod: "ticket", authprovider: "test" };
const challenging = () => ({
  kind: "challenge" as const,
  method: "ticket",
  extra: {},
  answer: (signature: string) =>
    signature === "secret"
      ? { kind: "welcome" as const, identity }
      : { kind: "refuse" as const, reason: "wamp.error.authentication_failed" as never, words: "no" },
});

function check(entry: CatalogueEntry, mutation: Mutation, name: SerializerName): void {
  const { world, friend, peer, waits } = stage(entry);
  feed(peer, name, hostileOctets(name, mutation.list));
  const got = peer.take();
  const last = got.at(-1);
  if (mutation.verdict === "violation") {
    assert.deepEqual(types(got), ["ABORT"]);
    assert.ok(last?.type === "ABORT");
    assert.equal(last.reason, "wamp.error.protocol_violation");
    assert.ok(String(last.details["message"]).length < 500, "words for people");
  } else if (mutation.verdict === "invalid_uri") {
    checkInvalidUri(entry, got);
  } else {
    assert.ok(last?.type !== "ABORT" || entry.type === "AUTHENTICATE" || isUnannounced(mutation), JSON.stringify(last));
  }
  const ends = last?.type === "ABORT" || entry.type === "ABORT" || entry.type === "GOODBYE";
  assert.equal(peer.closed !== undefined, ends, "closed after ABORT and GOODBYE only");
  if (waits && ends) friend.takeError("wamp.error.canceled", 48);
  checkBystander(friend);
  if (peer.closed === undefined) peer.vanish();
  friend.vanish();
  world.assertEmpty();
}

/** A serializer of the payload that is no violation in form. */
function isUnannounced({ name }: Mutation): boolean {
  return name.includes("ppt_");
}

function checkInvalidUri(entry: CatalogueEntry, got: ReturnType<Peer["take"]>): void {
  if (entry.type === "PUBLISH") return assert.deepEqual(got, [], "a publication without acknowledge gets no word");
  const [answer] = got;
  assert.equal(got.length, 1);
  if (entry.type === "HELLO") {
    assert.ok(answer?.type === "ABORT");
    return assert.equal(answer.reason, "wamp.error.invalid_uri");
  }
  assert.ok(answer?.type === "ERROR", answer?.type);
  assert.deepEqual([answer.requestType, answer.error], [entry.code, "wamp.error.invalid_uri"]);
}

/** Events and calls of somebody else go on as if nothing had happened. */
function checkBystander(friend: Peer): void {
  friend.take();
  friend.publish("friend.topic", ["still here"], { exclude_me: false });
  assert.deepEqual(argsOf(friend.takeOne("EVENT")), ["still here"]);
  friend.call("friend.procedure", [1]);
  friend.yield(friend.takeOne("INVOCATION").request, [2]);
  assert.deepEqual(argsOf(friend.takeOne("RESULT")), [2]);
}

it("the catalogue and the product know the same messages, elements and directions", () => {
  const product = Object.values(messageTable).map((shape) => ({
    type: shape.type,
    code: shape.code,
    from: shape.from,
    fields: shape.elements.map(([field]) => field as string),
    payload: shape.payload,
  }));
  const written = CATALOGUE.map(({ type, code, from, fields, payload }) => {
    return { type, code, from, fields: fields.map(([field]) => field), payload };
  });
  assert.deepEqual(product, written);
});

for (const entry of CATALOGUE.filter(({ from }) => from !== "router")) {
  describe(`${entry.type} of a hostile client`, () => {
    for (const name of SERIALIZERS) {
      it(`is answered as the specification says, whatever is wrong with it (${name})`, () => {
        const next = entry.request ? 2 : 1;
        let count = 0;
        for (const mutation of mutationsOf(entry, next)) {
          // in JSON binary is a string, so it may stand where a string may
          if (name === "json" && mutation.name.includes("binary")) continue;
          count += 1;
          try {
            check(entry, mutation, name);
          } catch (fault) {
            throw new Error(`${mutation.name}, to be ${mutation.verdict}`, { cause: fault });
          }
        }
        assert.ok(count > 20);
      });
    }
  });
}

describe("what is no message of a client", () => {
  const right = { name: "", verdict: "violation" } as const;
  const established = CATALOGUE.find(({ type }) => type === "CALL");
  assert.ok(established);

  it("any code that WAMP does not have is a violation, whatever follows it", () => {
    for (const name of SERIALIZERS) {
      for (const code of [...NO_MESSAGE, -1, -48, 48.5, 1e300, 2n ** 53n, 2n ** 64n - 1n]) {
        for (const rest of [[], [1, {}, "a.b"], [1, {}, "a.b", [], {}]]) {
          check(established, { ...right, list: [code, ...rest] }, name);
        }
      }
      for (const code of ["48", null, true, [48], { a: 48 }]) {
        check(established, { ...right, list: [code, 2, {}, "a.b"] }, name);
      }
    }
  });

  it("what is no list, an empty list or a message within a list is a violation", () => {
    for (const name of SERIALIZERS) {
      for (const list of [{}, { 0: 48 }, "48", 48, null, true, [], [[48, 2, {}, "a.b"]], [{}]]) {
        check(established, { ...right, list: list as never }, name); // hostile on purpose
      }
    }
  });

  for (const entry of CATALOGUE.filter(({ from }) => from === "router")) {
    it(`${entry.type} is for routers to send: a violation`, () => {
      for (const name of SERIALIZERS) check(established, { ...right, list: rightMessage(entry, 1) }, name);
    });
  }
});
