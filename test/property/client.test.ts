import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { Message } from "@pinion/wamp";
import type { Registration, Subscription } from "@pinion/wamp/client";
import { anyMessage } from "../support/arbitrary-message.ts";
import { RouterHost } from "../support/router-host.ts";
import { ScriptedRouter } from "../support/scripted-router.ts";
import { testClient } from "../support/test-client.ts";
import { settle, VirtualClock } from "../support/virtual-clock.ts";

/** Ids that hit what is really pending, beside those that do not. */
const likelyAnswer = fc.record({ message: anyMessage, id: fc.integer({ min: 1, max: 6 }) }).map(({ message, id }) => {
  return "request" in message ? ({ ...message, request: id } as Message) : message; // a small id is an id
});

test("whatever a router says, the client neither throws nor wedges, and close leaves no timer behind", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(likelyAnswer, { maxLength: 12 }), fc.boolean(), async (messages, welcome) => {
      const clock = new VirtualClock();
      const router = new ScriptedRouter();
      const { client } = testClient(clock, router.connector);
      const outcomes = Promise.allSettled([
        client.register("a.b", () => 1),
        client.subscribe("a.c", () => {}),
        client.call("a.d", [], {}, { timeout: 3_600_000 }),
        client.ready(),
      ]);
      client.open();
      await settle();
      if (welcome) await router.last.welcome();
      for (const message of messages) await router.last.say(message);
      assert.ok(["joining", "restoring", "ready", "waiting"].includes(client.state), client.state);
      if (client.state === "waiting") await clock.advance(2_000);
      assert.notEqual(client.state, "waiting", "a new try after whatever happened");
      await client.close();
      await outcomes;
      await settle();
      assert.deepEqual([client.state, clock.pending], ["closed", 0]);
    }),
    { numRuns: 150 },
  );
});

const NAMES = ["a.a", "a.b", "a.c"];
const step = fc.oneof(
  fc.record({
    do: fc.constantFrom("register", "unregister", "subscribe", "unsubscribe"),
    name: fc.constantFrom(...NAMES),
  }),
  fc.record({ do: fc.constantFrom("crash", "restart", "shutdown", "cut"), name: fc.constant("") }),
  fc.record({ do: fc.constant("wait"), name: fc.constantFrom("1", "900", "20000") }),
);

class Scenario {
  readonly clock = new VirtualClock();
  readonly host = new RouterHost(this.clock);
  readonly device = testClient(this.clock, this.host.connector);
  readonly #registrations = new Map<string, Promise<Registration>>();
  readonly #subscriptions = new Map<string, Promise<Subscription>>();
  readonly events: string[] = [];
  #up = true;

  get declared(): { procedures: string[]; topics: string[] } {
    return { procedures: [...this.#registrations.keys()], topics: [...this.#subscriptions.keys()] };
  }

  async act(action: string, name: string): Promise<void> {
    const { client } = this.device;
    switch (action) {
      case "register":
        if (!this.#registrations.has(name))
          this.#registrations.set(
            name,
            client.register(name, () => name),
          );
        break;
      case "subscribe":
        if (!this.#subscriptions.has(name)) {
          this.#subscriptions.set(
            name,
            client.subscribe(name, ({ topic }) => void this.events.push(topic)),
          );
        }
        break;
      case "unregister":
        await this.#end(this.#registrations, name, (registration) => registration.unregister());
        break;
      case "unsubscribe":
        await this.#end(this.#subscriptions, name, (subscription) => subscription.unsubscribe());
        break;
      case "wait":
        await this.clock.advance(Number(name));
        break;
      default:
        this.#disturb(action);
    }
    await settle();
  }

  recover(): void {
    if (!this.#up) this.host.restart();
    this.#up = true;
  }

  /** Ends it once it stands; while the link is down it may never have stood, and then it stays. */
  async #end<T>(map: Map<string, Promise<T>>, name: string, end: (thing: T) => Promise<void>): Promise<void> {
    const pending = map.get(name);
    if (!pending || this.device.client.state !== "ready") return;
    map.delete(name);
    const thing = await pending;
    void end(thing);
  }

  #disturb(action: string): void {
    if (action === "restart") this.recover();
    else if (this.#up && action === "cut") this.host.links.at(-1)?.[0].abort(new Error("cut"));
    else if (this.#up && action === "shutdown") {
      this.host.shutdown();
      this.host.crash();
      this.#up = false;
    } else if (this.#up && action === "crash") {
      this.host.crash();
      this.#up = false;
    }
  }
}

test("after any disturbances the router holds exactly what is declared, and all of it works", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const scenario = new Scenario();
      const { clock, host, device } = scenario;
      device.client.open();
      await settle();
      for (const { do: action, name } of steps) await scenario.act(action, name);
      scenario.recover();
      await clock.advance(80_000);
      assert.deepEqual([device.client.state, device.client.status.unrestored], ["ready", []]);
      const { procedures, topics } = scenario.declared;
      const { registrations, subscriptions, sessions } = host.router.size();
      assert.deepEqual([registrations, subscriptions, sessions], [procedures.length, topics.length, 1]);
      const caller = testClient(clock, host.connector).client;
      caller.open();
      await caller.ready();
      for (const procedure of procedures) assert.deepEqual((await caller.call(procedure)).args, [procedure]);
      for (const topic of NAMES) await caller.publish(topic);
      await settle();
      assert.deepEqual(scenario.events.sort(), topics.sort());
      await Promise.all([caller.close(), device.client.close()]);
      assert.deepEqual([device.errors, clock.pending, host.router.size().sessions], [[], 0, 0]);
    }),
    { numRuns: 100 },
  );
});
