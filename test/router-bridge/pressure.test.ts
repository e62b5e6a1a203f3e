import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { payloadOf, toId, type Message, type PublicationId, type SubscriptionId } from "@pinion/wamp";
import { Outgoing } from "../../router-bridge/encoded.ts";
import { Peer } from "../../router-bridge/peer.ts";
import { Pressure } from "../../router-bridge/pressure.ts";
import { FillingLink } from "../support/filling-link.ts";

const EVENT: Message = {
  type: "EVENT",
  subscription: toId<SubscriptionId>(1),
  publication: toId<PublicationId>(2),
  details: {},
  payload: payloadOf(["x".repeat(1000)]),
};

interface Rig {
  now: number;
  held: number;
  readonly pressure: Pressure;
  readonly publisher: Peer;
  peer(): { readonly peer: Peer; readonly link: FillingLink };
  /** Time for the pressure's timers and for the peers. */
  pass(ms: number): void;
}

function rig(t: { after(end: () => void): void }): Rig {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  const bounds = { octets: 1e6, messages: 1e6, grace: 1e6, hardOctets: 1e9, pressureOctets: 5000 };
  const make = (): { peer: Peer; link: FillingLink } => {
    const link = new FillingLink(1000);
    return { link, peer: new Peer(link, { ...bounds, policy: () => "disconnect" }, () => it.now) };
  };
  const it: Rig = {
    now: 0,
    held: 0,
    pressure: new Pressure(() => (it.held += 1)),
    publisher: make().peer,
    peer: make,
    pass: (ms) => {
      it.now += ms;
      mock.timers.tick(ms);
    },
  };
  return it;
}

function isRead({ link }: Peer): boolean {
  return link instanceof FillingLink && !link.paused;
}

/** Over its mark. */
function fill(peer: Peer): void {
  while (!peer.isPressing) peer.send(new Outgoing(EVENT));
}

function takes({ peer, link }: { peer: Peer; link: FillingLink }): void {
  link.bufferedAmount = 0;
  peer.drained();
}

test("a publisher is not read while its subscriber is over the mark, and again when that is down to half of it", (t) => {
  const it = rig(t);
  const slow = it.peer();
  fill(slow.peer);
  it.pressure.feel(it.publisher, [slow.peer], true);
  assert.equal(isRead(it.publisher), false);
  takes(slow);
  it.pressure.relieve(slow.peer);
  assert.equal(isRead(it.publisher), false, "one write is not half the mark yet");
  while (!slow.peer.hasCaughtUp) takes(slow);
  it.pressure.relieve(slow.peer);
  assert.equal(isRead(it.publisher), true);
  assert.equal(it.held, 1);
});

test("one subscriber holds a publisher of others no longer than the grace, and not again until it has caught up", (t) => {
  const it = rig(t);
  const slow = it.peer();
  fill(slow.peer);
  it.pressure.feel(it.publisher, [slow.peer], false);
  it.pass(49);
  assert.equal(isRead(it.publisher), false);
  it.pass(1);
  assert.equal(isRead(it.publisher), true);
  it.pressure.feel(it.publisher, [slow.peer], false);
  assert.equal(isRead(it.publisher), true);
  while (!slow.peer.hasCaughtUp) takes(slow);
  it.pressure.relieve(slow.peer);
  fill(slow.peer);
  it.pressure.feel(it.publisher, [slow.peer], false);
  assert.equal(isRead(it.publisher), false);
  it.pass(50);
});

test("a subscriber that had stopped before its queue was full holds nobody at all", (t) => {
  const it = rig(t);
  const stuck = it.peer();
  stuck.peer.send(new Outgoing(EVENT));
  it.pass(51);
  fill(stuck.peer);
  it.pressure.feel(it.publisher, [stuck.peer], false);
  assert.equal(isRead(it.publisher), true);
});

test("where nobody keeps up the publisher goes at the pace of who takes anything, and goes free of who takes nothing", (t) => {
  const it = rig(t);
  const slow = it.peer();
  fill(slow.peer);
  it.pressure.feel(it.publisher, [slow.peer], true);
  it.pass(50);
  for (let i = 0; i < 64; i++) {
    it.pressure.feel(it.publisher, [slow.peer], true);
    assert.equal(isRead(it.publisher), true, "each grace is followed by some messages");
  }
  it.pressure.feel(it.publisher, [slow.peer], true);
  assert.equal(isRead(it.publisher), false);
  it.pass(1000);
  assert.equal(isRead(it.publisher), true);
  for (let i = 0; i < 200; i++) it.pressure.feel(it.publisher, [slow.peer], true);
  assert.equal(isRead(it.publisher), true, "it took nothing for a second");
});

test("a publisher that is held for two waits for both, and for none that is gone", (t) => {
  const it = rig(t);
  const [one, other] = [it.peer(), it.peer()];
  fill(one.peer);
  fill(other.peer);
  it.pressure.feel(it.publisher, [one.peer, other.peer], false);
  it.pressure.feel(it.publisher, [one.peer, other.peer], false);
  it.pressure.forget(one.peer);
  assert.equal(isRead(it.publisher), false);
  it.pressure.forget(other.peer);
  assert.equal(isRead(it.publisher), true);
  assert.equal(it.held, 2);
});
