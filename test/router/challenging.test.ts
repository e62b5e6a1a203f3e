import assert from "node:assert/strict";
import { it } from "node:test";
import type { Message } from "../../packages/wamp/index.ts";
import type { AuthOutcome, Authenticator } from "../../router-bridge/router/index.ts";
import { assertAborted } from "./scenes.ts";
import { ALL_ROLES, REMOTE, uri, World } from "./world.ts";

const ticket =
  (rounds: number): Authenticator =>
  ({ hello }) => {
    const identity = {
      authid: String(hello.details["authid"]),
      authrole: "anonymous",
      authmethod: "ticket",
      authprovider: "test",
    };
    const ask = (left: number): AuthOutcome => ({
      kind: "challenge",
      method: "ticket",
      extra: { round: left },
      answer: (signature) => {
        if (signature !== "right")
          return { kind: "refuse", reason: uri("wamp.error.authentication_denied"), words: "no" };
        return left > 1 ? ask(left - 1) : { kind: "welcome", identity };
      },
    });
    return ask(rounds);
  };
const applicant = { roles: ALL_ROLES, authid: "joe" };
const answer = (signature: string): Message => ({ type: "AUTHENTICATE", signature, extra: {} });

it("challenges, and welcomes the right answer under the authenticator's identity", () => {
  const world = new World({ authenticator: ticket(1) });
  const peer = world.connect("a", REMOTE).hello(applicant);
  assert.equal(peer.takeOne("CHALLENGE").method, "ticket");
  const { details } = peer.send(answer("right")).takeOne("WELCOME");
  assert.equal(details["authid"], "joe");
  assert.equal(details["authmethod"], "ticket");
});

it("may challenge a second time", () => {
  const world = new World({ authenticator: ticket(2) });
  const peer = world.connect("a").hello(applicant);
  peer.takeOne("CHALLENGE");
  assert.deepEqual(peer.send(answer("right")).takeOne("CHALLENGE").extra, { round: 1 });
  peer.send(answer("right")).takeOne("WELCOME");
});

it("aborts a wrong answer", () => {
  const world = new World({ authenticator: ticket(1) });
  const peer = world.connect("a").hello(applicant);
  peer.take();
  assertAborted(peer.send(answer("wrong")), "wamp.error.authentication_denied");
  world.assertEmpty();
});

it("aborts anything but AUTHENTICATE while challenging", () => {
  const world = new World({ authenticator: ticket(1) });
  const peer = world.connect("a").hello(applicant);
  peer.take();
  assertAborted(peer.hello(applicant), "wamp.error.protocol_violation");
});

it("aborts a peer that does not answer the challenge in time", () => {
  const world = new World({ authenticator: ticket(1), limits: { joinTimeout: 5_000 } });
  const peer = world.connect("a").hello(applicant);
  peer.take();
  world.wait(4_999);
  assert.equal(peer.closed, undefined);
  world.wait(1);
  assert.match(assertAborted(peer, "wamp.error.timeout"), /AUTHENTICATE/);
  world.assertEmpty();
});

it("holds a realm's limit also against peers that were challenged before it was reached", () => {
  const world = new World({ authenticator: ticket(1), limits: { sessionsPerRealm: 1 } });
  const first = world.connect("a").hello(applicant);
  const second = world.connect("b").hello(applicant);
  first.take();
  second.take();
  first.send(answer("right")).takeOne("WELCOME");
  assertAborted(second.send(answer("right")), "pinion.error.limit_exceeded");
});
