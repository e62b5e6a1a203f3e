import assert from "node:assert/strict";
import type { NodeClientOptions } from "@pinion/client";
import { fromHex } from "./octets.ts";
import type { ReceivedEvent } from "@pinion/wamp/client";
import { type Behaviour, ended, Inbox, SECRET, SEED } from "./scene.ts";

type Credentials = NonNullable<NodeClientOptions["credentials"]>;

/** By the authids of the accounts, each of which has one method. */
const LOGINS: readonly (readonly [string, Credentials])[] = [
  ["ticket", { authid: "ticket", ticket: SECRET }],
  ["wampcra", { authid: "wampcra", secret: SECRET }],
  ["wamp-scram", { authid: "wamp-scram", secret: SECRET }],
  ["cryptosign", { authid: "cryptosign", seed: fromHex(SEED) }],
];

const wrong = (credentials: Credentials): Credentials => {
  if (credentials.seed !== undefined) return { ...credentials, seed: fromHex("11".repeat(32)) };
  return credentials.ticket === undefined ? { ...credentials, secret: "no" } : { ...credentials, ticket: "no" };
};

const login = ([method, credentials]: (typeof LOGINS)[number]): Behaviour => ({
  name: `login by ${method}, and a wrong one is refused`,
  run: async (scene) => {
    const client = await scene.client({ credentials }, "guarded");
    const details = client.session?.details ?? {};
    assert.deepEqual([details["authid"], details["authmethod"], details["authrole"]], [method, method, "backend"]);
    const refused = scene.unopened({ credentials: wrong(credentials), reconnect: false }, "guarded");
    refused.open();
    assert.match(await ended(refused), /authentication|not_authorized|denied|credentials/i);
  },
});

export const SESSIONS: readonly Behaviour[] = [
  {
    name: "meta API: sessions, registrations and subscriptions are counted, looked up and announced",
    run: async (scene) => {
      const watcher = await scene.client();
      const [joins, leaves] = [new Inbox<ReceivedEvent>(), new Inbox<ReceivedEvent>()];
      await watcher.subscribe("wamp.session.on_join", joins.put);
      await watcher.subscribe("wamp.session.on_leave", leaves.put);
      const client = await scene.client();
      const id = client.session?.id;
      await until(() => joins.items.some(({ args }) => (args[0] as { session?: unknown }).session === id), joins); // session details
      const list = (await watcher.call("wamp.session.list")).args[0];
      assert.ok(Array.isArray(list) && list.includes(id));
      const uri = scene.uri();
      const registration = await client.register(uri, () => undefined);
      assert.deepEqual((await watcher.call("wamp.registration.lookup", [uri])).args, [registration.id]);
      const subscription = await client.subscribe(uri, () => undefined);
      assert.deepEqual((await watcher.call("wamp.subscription.lookup", [uri])).args, [subscription.id]);
      await client.close();
      await until(() => leaves.items.some(({ args }) => args[0] === id), leaves);
      assert.deepEqual((await watcher.call("wamp.registration.lookup", [uri])).args, [null]);
    },
  },
  ...LOGINS.map(login),
  {
    name: "nobody joins without credentials where they are asked for",
    run: async (scene) => {
      const client = scene.unopened({ reconnect: false }, "guarded");
      client.open();
      assert.match(await ended(client), /authentication|not_authorized|auth/i);
    },
  },
  {
    name: "GOODBYE of the client: the router answers, and the session is gone",
    run: async (scene) => {
      const [watcher, client] = [await scene.client(), await scene.client()];
      const id = client.session?.id;
      await client.close();
      assert.equal(client.state, "closed");
      await assert.rejects(watcher.call("wamp.session.get", [id]), { uri: "wamp.error.no_such_session" });
    },
  },
  {
    name: "GOODBYE of the router: a killed session ends with the reason",
    run: async (scene) => {
      const [killer, victim] = [await scene.client(), await scene.client({ reconnect: false })];
      const over = ended(victim);
      await killer.call("wamp.session.kill", [victim.session?.id], { reason: "com.example.enough", message: "go" });
      assert.match(await over, /com\.example\.enough|go/);
    },
  },
  {
    name: "a realm that is not there is refused by its name",
    run: async (scene) => {
      const client = scene.unopened({ realm: "no.such.place", reconnect: false });
      client.open();
      assert.match(await ended(client), /no_such_realm|no\.such\.place/);
    },
  },
];

async function until(condition: () => boolean, inbox: Inbox<ReceivedEvent>): Promise<void> {
  while (!condition()) await inbox.atLeast(inbox.items.length + 1);
}
