/**
 * Every mutilated message of the catalogue over real connections, raw socket, WebSocket and long-poll, in every serializer by turns: the
 * right ABORT or ERROR on the wire, the right end of the connection, and two bystanders who notice nothing.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { SerializerName } from "@pinion/wamp/serializer";
import { Bystanders } from "../support/bystanders.ts";
import { hostileOctets } from "../support/hostile-octets.ts";
import { mutationsOf, type Mutation } from "../support/hostile-mutations.ts";
import { eventually, startBridge } from "../support/router-bridge-fixture.ts";
import { CATALOGUE, entryOf, type CatalogueEntry } from "../support/wamp-catalogue.ts";
import { WireTalk, type WireList } from "../support/wire-talk.ts";

const COMBINATIONS = (["rs", "ws", "lp"] as const).flatMap((scheme) =>
  (["json", "msgpack", "cbor"] as const).map((serializer) => ({ scheme, serializer })),
);

const PATHS = { rs: "", ws: "/ws", lp: "/lp" } as const;

interface Attack {
  readonly entry: CatalogueEntry;
  readonly mutation: Mutation;
  readonly scheme: "rs" | "ws" | "lp";
  readonly serializer: SerializerName;
}

/** Each mutation with one combination, so that each combination meets each kind of message many times. */
function attacksWith(entry: CatalogueEntry): Attack[] {
  const mutations = [...mutationsOf(entry, entry.request ? 2 : 1)];
  return mutations.flatMap((mutation, i) => {
    const { scheme, serializer } = COMBINATIONS[(i + entry.code) % COMBINATIONS.length] ?? {
      scheme: "rs",
      serializer: "cbor",
    };
    // in JSON binary is a string
    if (serializer === "json" && mutation.name.includes("binary")) return [];
    return [{ entry, mutation, scheme, serializer }];
  });
}

/** AUTHENTICATE is out of turn here, whatever is in it. */
function isViolation({ entry, mutation }: Attack): boolean {
  return mutation.verdict === "violation" || entry.type === "AUTHENTICATE";
}

async function attack(
  t: { after(run: () => void): void },
  at: string,
  it: Attack,
  bystanders: Bystanders,
): Promise<void> {
  const talk = await WireTalk.open(t, `${it.scheme}://${at}${PATHS[it.scheme]}`, it.serializer);
  const joins = it.entry.type !== "HELLO";
  if (joins) {
    await talk.join();
    talk.send([64, 1, {}, "hostile.own"]);
    assert.equal((await talk.next())[0], 65);
    bystanders.call("hostile.own");
    assert.equal((await talk.next())[0], 68);
  }
  talk.sendOctets(hostileOctets(it.serializer, it.mutation.list));
  if (isViolation(it)) checkAborted(await talk.untilEnd(), "wamp.error.protocol_violation");
  else if (it.entry.type === "HELLO") await afterHello(talk, it.mutation);
  else await afterAnswer(talk, it);
  assert.equal(talk.closeCode === undefined || it.scheme !== "ws" || [1000, 1002, 1008].includes(talk.closeCode), true);
  await bystanders.checkAfter(joins, talk);
}

function checkAborted(lists: readonly WireList[], reason: string): void {
  assert.deepEqual(
    lists.map(([code]) => code),
    [3],
    JSON.stringify(lists),
  );
  assert.equal(lists[0]?.[2], reason);
}

async function afterHello(talk: WireTalk, { verdict }: Mutation): Promise<void> {
  if (verdict === "invalid_uri") return checkAborted(await talk.untilEnd(), "wamp.error.invalid_uri");
  assert.equal((await talk.next())[0], 2, "WELCOME");
}

/** The session goes on: a request behind the hostile message is answered, unless that one was the end. */
async function afterAnswer(talk: WireTalk, { entry, mutation }: Attack): Promise<void> {
  const next = entry.request ? 3 : 2;
  talk.send([48, next, {}, "wamp.session.count"]);
  const lists: WireList[] = [];
  for (let list = await talk.nextOrEnd(); list; list = await talk.nextOrEnd()) {
    lists.push(list);
    if (list[0] === 50 && list[1] === next) break;
  }
  const codes = lists.map(([code]) => code);
  if (entry.type === "ABORT") return assert.deepEqual(codes, []);
  if (entry.type === "GOODBYE") return assert.deepEqual(codes, [6]);
  // features that were not announced are violations of another kind
  if (mutation.name.includes("ppt_")) return;
  assert.equal(codes.at(-1), 50, JSON.stringify(lists).slice(0, 500));
  if (mutation.verdict !== "invalid_uri") return;
  const errors = lists.filter(([code]) => code === 8);
  if (entry.type === "PUBLISH") return assert.deepEqual(errors, []);
  assert.deepEqual(
    errors.map((list) => [list[1], list[2], list[4]]),
    [[entry.code, 2, "wamp.error.invalid_uri"]],
  );
}

for (const entry of CATALOGUE.filter(({ from }) => from !== "router")) {
  test(`${entry.type} of a hostile client over real connections disturbs nobody`, async (t) => {
    const { at, bridge } = await startBridge(t);
    const bystanders = await Bystanders.join(t, at);
    const attacks = attacksWith(entry);
    assert.ok(attacks.length > 20);
    for (const one of attacks) {
      const name = `${one.mutation.name} over ${one.scheme} ${one.serializer}, to be ${one.mutation.verdict}`;
      try {
        await attack(t, at, one, bystanders);
      } catch (fault) {
        throw new Error(name, { cause: fault });
      }
    }
    await eventually(() => bridge.connections === 2, "the end of all hostile connections");
    await bystanders.checkAlone();
  });
}

test("every combination of transport and serializer meets every message of a client", () => {
  for (const { type } of CATALOGUE.filter(({ from }) => from !== "router")) {
    const met = new Set(attacksWith(entryOf(type)).map(({ scheme, serializer }) => `${scheme} ${serializer}`));
    assert.equal(met.size, 9, type);
  }
});
