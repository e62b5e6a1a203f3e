/**
 * Every message that a router may send, mutilated in every way the catalogue knows, over real connections in every serializer
 * by turns, against the client: ABORT to the router, an error of a known kind to whoever waits, the end; and no exception
 * that nobody catches. What is right in form must not end anything.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeClient } from "@pinion/client";
import { ApplicationError, ProtocolViolation, UsageError } from "@pinion/wamp";
import type { Client, Registration, Subscription } from "@pinion/wamp/client";
import { hostileOctets } from "../support/hostile-octets.ts";
import { mutationsOf, type Mutation } from "../support/hostile-mutations.ts";
import { CATALOGUE, fromRouters, NO_MESSAGE, rightMessage, type CatalogueEntry } from "../support/wamp-catalogue.ts";
import { WireRouter, type WireClient } from "../support/wire-router.ts";

const COMBINATIONS = (["rs", "ws"] as const).flatMap((scheme) =>
  (["json", "msgpack", "cbor"] as const).map((serializer) => ({ scheme, serializer })),
);
const WELCOME = [2, 4711, { roles: { broker: {}, dealer: {} } }];
const CALL_ID = 3;

interface Met {
  readonly client: Client;
  readonly peer: WireClient;
  readonly errors: unknown[];
}

async function meet(router: WireRouter, turn: number): Promise<Met> {
  const { scheme, serializer } = COMBINATIONS[turn % COMBINATIONS.length] ?? { scheme: "rs", serializer: "cbor" };
  const errors: unknown[] = [];
  const client = nodeClient(router.urls[scheme], {
    serializer,
    reconnect: false,
    closeTimeout: 50,
    onError: (error) => errors.push(error),
    onChallenge: () => ({ signature: "secret" }),
  });
  client.open();
  const peer = await router.accept();
  await peer.expect(1);
  return { client, peer, errors };
}

/** Joined, with a procedure (registration 5) and a subscription (subscription 5). */
async function join({ client, peer }: Met): Promise<{ registration: Registration; subscription: Subscription }> {
  peer.say(WELCOME);
  await client.ready();
  const registering = client.register("own.procedure", () => "done");
  peer.say([65, (await peer.expect(64))[1], 5]);
  const subscribing = client.subscribe("own.topic", () => undefined);
  peer.say([33, (await peer.expect(32))[1], 5]);
  return { registration: await registering, subscription: await subscribing };
}

/** A request of the kind that a message of this type answers; it waits when the hostile message comes. */
async function waitFor(type: string, met: Met): Promise<{ waiting: Promise<unknown> }> {
  const { client, peer } = met;
  const { registration, subscription } = await join(met);
  const asked: Readonly<Record<string, () => Promise<unknown>>> = {
    PUBLISHED: () => client.publish("other.topic", [], {}, { acknowledge: true }),
    SUBSCRIBED: () => client.subscribe("other.topic", () => undefined),
    REGISTERED: () => client.register("other.procedure", () => undefined),
    UNREGISTERED: () => registration.unregister(),
    UNSUBSCRIBED: () => subscription.unsubscribe(),
  };
  const waiting = (asked[type] ?? (() => client.call("other.procedure")))();
  waiting.catch(() => undefined);
  assert.equal((await peer.next())?.[1], CALL_ID);
  return { waiting };
}

/** What these ask for has come about when the session is gone. */
const ENDED_BY_THE_END = new Set(["UNSUBSCRIBED", "UNREGISTERED"]);

function isKnown(error: unknown): boolean {
  return error instanceof ApplicationError || error instanceof ProtocolViolation || error instanceof UsageError;
}

/** ABORT was sent and nothing after it; the client is closed, and who waited was told in known words. */
async function checkAborted({ client, peer, errors }: Met, waiting: Promise<unknown>, type = ""): Promise<void> {
  const lists = await peer.untilEnd();
  assert.deepEqual(
    lists.map(([code, , reason]) => [code, reason]),
    [[3, "wamp.error.protocol_violation"]],
  );
  if (!ENDED_BY_THE_END.has(type)) await assert.rejects(waiting, isKnown);
  else await waiting;
  assert.equal(client.state, "closed");
  assert.ok(client.status.error instanceof ProtocolViolation, String(client.status.error));
  await client.close();
  assert.deepEqual(
    errors.filter((error) => !isKnown(error)),
    [],
  );
}

/** The session is as good as before: a call is made and answered. */
async function checkAlive({ client, peer, errors }: Met): Promise<void> {
  const calling = client.call("last.procedure");
  for (;;) {
    const list = await peer.next();
    assert.ok(list && list[0] !== 3, `the client ended it: ${JSON.stringify(list)}`);
    if (list[0] !== 48 || list[3] !== "last.procedure") continue;
    peer.say([50, list[1], {}, ["alive"]]);
    break;
  }
  assert.deepEqual((await calling).args, ["alive"]);
  assert.deepEqual(
    errors.filter((error) => !isKnown(error)),
    [],
  );
  await client.close();
}

async function whileEstablished(met: Met, entry: CatalogueEntry, mutation: Mutation): Promise<void> {
  const { waiting } = await waitFor(entry.type, met);
  met.peer.sayOctets(hostileOctets(met.peer.serializer, mutation.list));
  const outOfTurn = entry.type === "WELCOME" || entry.type === "CHALLENGE";
  if (mutation.verdict === "violation" || outOfTurn) return checkAborted(met, waiting, entry.type);
  if (entry.type !== "ABORT" && entry.type !== "GOODBYE") return checkAlive(met);
  await assert.rejects(waiting, isKnown);
  const answers = (await met.peer.untilEnd()).map(([code]) => code);
  assert.deepEqual(answers, entry.type === "GOODBYE" ? [6] : []);
  assert.equal(met.client.state, "closed");
}

async function whileJoining(met: Met, entry: CatalogueEntry, mutation: Mutation): Promise<void> {
  const waiting = met.client.ready();
  waiting.catch(() => undefined);
  met.peer.sayOctets(hostileOctets(met.peer.serializer, mutation.list));
  const inTurn = ["WELCOME", "CHALLENGE", "ABORT"].includes(entry.type);
  if (mutation.verdict === "violation" || !inTurn) return checkAborted(met, waiting);
  if (entry.type === "ABORT") return assert.rejects(waiting, isKnown);
  if (entry.type === "CHALLENGE") {
    await met.peer.expect(5);
    met.peer.say(WELCOME);
  }
  await waiting;
  await checkAlive(met);
}

/** A client that never ends must fail the test by name. */
async function within(done: Promise<void>): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("nothing happened for 5 s")), 5000);
  await Promise.race([done, promise]).finally(() => clearTimeout(timer));
}

test("no exception of a hostile message is left uncaught", async (t) => {
  const uncaught: unknown[] = [];
  const note = (error: unknown): void => void uncaught.push(error);
  process.on("unhandledRejection", note);
  t.after(() => process.off("unhandledRejection", note));

  for (const entry of fromRouters()) {
    for (const [state, play] of [
      ["established", whileEstablished],
      ["joining", whileJoining],
    ] as const) {
      await t.test(`${entry.type} of a hostile router, ${state}`, async (t2) => {
        const router = await WireRouter.start(t2);
        let turn = entry.code;
        for (const mutation of mutationsOf(entry, CALL_ID)) {
          const met = await meet(router, turn++);
          if (met.peer.serializer === "json" && mutation.name.includes("binary")) {
            await met.client.close();
            continue;
          }
          try {
            await within(play(met, entry, mutation));
          } catch (fault) {
            const how = `${met.peer.serializer}, to be ${mutation.verdict}`;
            throw new Error(`${mutation.name} in ${how}`, { cause: fault });
          }
        }
      });
    }
  }

  await t.test("what is no message, and what only clients send, of a hostile router", async (t2) => {
    const router = await WireRouter.start(t2);
    const lists = [
      ...NO_MESSAGE.map((code) => [code, 1, {}]),
      ...CATALOGUE.filter(({ from }) => from === "client").map((entry) => rightMessage(entry, 1)),
      [],
      {},
      "x",
      null,
      [[2, 1, {}]],
    ];
    for (const [turn, list] of lists.entries()) {
      const met = await meet(router, turn);
      const { waiting } = await waitFor("RESULT", met);
      met.peer.sayOctets(hostileOctets(met.peer.serializer, list));
      await checkAborted(met, waiting);
    }
  });

  assert.deepEqual(uncaught, []);
});
