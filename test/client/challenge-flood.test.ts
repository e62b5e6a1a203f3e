import assert from "node:assert/strict";
import { test } from "node:test";
import { ScriptedRouter } from "../support/scripted-router.ts";
import { testClient } from "../support/test-client.ts";
import { settle, VirtualClock } from "../support/virtual-clock.ts";

test("a CHALLENGE before the last one was answered is a violation: a router cannot make a client compute without end", async () => {
  const router = new ScriptedRouter();
  let computed = 0;
  const never = Promise.withResolvers<never>();
  const onChallenge = async (): Promise<{ signature: string }> => {
    computed += 1;
    return await never.promise;
  };
  const { client } = testClient(new VirtualClock(), router.connector, { onChallenge, reconnect: false });
  client.open();
  await settle();
  for (let i = 0; i < 100; i++) router.last.transport.send({ type: "CHALLENGE", method: "wampcra", extra: {} });
  await settle();
  assert.equal(computed, 1);
  assert.equal(router.last.only("ABORT").reason, "wamp.error.protocol_violation");
  assert.equal(client.state, "closed");
});

test("one CHALLENGE after the other is answered, as for a second factor", async () => {
  const router = new ScriptedRouter();
  const onChallenge = ({ method }: { method: string }): { signature: string } => ({ signature: `for ${method}` });
  const { client } = testClient(new VirtualClock(), router.connector, { onChallenge, reconnect: false });
  client.open();
  await settle();
  for (const method of ["wampcra", "ticket"]) await router.last.say({ type: "CHALLENGE", method, extra: {} });
  assert.deepEqual(
    router.last.all("AUTHENTICATE").map(({ signature }) => signature),
    ["for wampcra", "for ticket"],
  );
  await router.last.welcome();
  assert.equal(client.state, "ready");
});
