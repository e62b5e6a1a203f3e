import assert from "node:assert/strict";
import type { ReceivedEvent } from "@pinion/wamp/client";
import { type Behaviour, Inbox } from "./scene.ts";

const argsOf = (events: readonly ReceivedEvent[]): unknown[] => events.map(({ args }) => args[0]);

export const PUBLISHING: readonly Behaviour[] = [
  {
    name: "acknowledged publications arrive in order, with their ids, args and kwargs",
    run: async (scene) => {
      const [publisher, subscriber] = [await scene.client(), await scene.client()];
      const topic = scene.uri();
      const inbox = new Inbox<ReceivedEvent>();
      await subscriber.subscribe(topic, inbox.put);
      const ids: unknown[] = [];
      for (let number = 0; number < 20; number += 1) {
        ids.push(await publisher.publish(topic, [number], { unit: "°C" }, { acknowledge: true }));
      }
      const events = await inbox.atLeast(20);
      assert.deepEqual(
        events.map(({ args, kwargs, publication }) => [args[0], kwargs, publication]),
        ids.map((id, number) => [number, { unit: "°C" }, id]),
      );
    },
  },
  {
    name: "a burst without acknowledgement is neither reordered nor thinned",
    run: async (scene) => {
      const [publisher, subscriber] = [await scene.client(), await scene.client()];
      const topic = scene.uri();
      const inbox = new Inbox<ReceivedEvent>();
      await subscriber.subscribe(topic, inbox.put);
      for (let number = 0; number < 500; number += 1) void publisher.publish(topic, [number]);
      assert.deepEqual(
        argsOf(await inbox.atLeast(500)),
        Array.from({ length: 500 }, (_, at) => at),
      );
    },
  },
  {
    name: "pattern subscriptions: one event for each that matches, with the topic",
    run: async (scene) => {
      const [publisher, subscriber] = [await scene.client(), await scene.client()];
      const base = scene.uri();
      const [prefix, wildcard] = [new Inbox<ReceivedEvent>(), new Inbox<ReceivedEvent>()];
      await subscriber.subscribe(`${base}.`, prefix.put, { match: "prefix" });
      await subscriber.subscribe(`${base}..temperature`, wildcard.put, { match: "wildcard" });
      const topic = `${base}.kitchen.temperature`;
      await publisher.publish(topic, [21], {}, { acknowledge: true });
      await publisher.publish(`${base}.kitchen.light`, [0], {}, { acknowledge: true });
      await publisher.publish(topic, [22], {}, { acknowledge: true });
      assert.deepEqual(argsOf(await prefix.atLeast(3)), [21, 0, 22]);
      assert.deepEqual(
        (await wildcard.atLeast(2)).map((event) => [event.topic, event.args[0]]),
        [
          [topic, 21],
          [topic, 22],
        ],
      );
    },
  },
  {
    name: "exclusion: a publisher hears itself only if it asks; exclude and eligible are kept",
    run: async (scene) => {
      const [one, two, three] = [await scene.client(), await scene.client(), await scene.client()];
      const topic = scene.uri();
      const inboxes = [new Inbox<ReceivedEvent>(), new Inbox<ReceivedEvent>(), new Inbox<ReceivedEvent>()] as const;
      const clients = [one, two, three] as const;
      for (const [at, client] of clients.entries()) await client.subscribe(topic, (inboxes[at] ?? inboxes[0]).put);
      const id = (at: 0 | 1 | 2): NonNullable<typeof one.session>["id"] => {
        const { session } = clients[at];
        assert.ok(session);
        return session.id;
      };
      const acknowledge = true;
      await one.publish(topic, ["others"], {}, { acknowledge });
      await one.publish(topic, ["all"], {}, { acknowledge, excludeMe: false });
      await one.publish(topic, ["not two"], {}, { acknowledge, exclude: [id(1)] });
      await one.publish(topic, ["two only"], {}, { acknowledge, eligible: [id(1)] });
      await one.publish(topic, ["end"], {}, { acknowledge, excludeMe: false });
      for (const [at, expected] of [
        ["all", "end"],
        ["others", "all", "two only", "end"],
        ["others", "all", "not two", "end"],
      ].entries()) {
        assert.deepEqual(argsOf(await (inboxes[at] ?? inboxes[0]).atLeast(expected.length)), expected);
      }
    },
  },
  {
    name: "retained events are given to who comes later and asks for them",
    run: async (scene) => {
      const [publisher, subscriber] = [await scene.client(), await scene.client()];
      const topic = scene.uri();
      await publisher.publish(topic, ["first"], {}, { acknowledge: true, options: { retain: true } });
      await publisher.publish(topic, ["kept"], {}, { acknowledge: true, options: { retain: true } });
      const [asking, other] = [new Inbox<ReceivedEvent>(), new Inbox<ReceivedEvent>()];
      await subscriber.subscribe(topic, asking.put, { getRetained: true });
      await (await scene.client()).subscribe(topic, other.put);
      const [event] = await asking.atLeast(1);
      assert.deepEqual([event?.args, event?.details["retained"]], [["kept"], true]);
      await publisher.publish(topic, ["now"], {}, { acknowledge: true });
      assert.deepEqual(argsOf(await other.atLeast(1)), ["now"]);
    },
  },
  {
    name: "event history tells the last events of a topic",
    run: async (scene) => {
      const [publisher, subscriber] = [await scene.client(), await scene.client()];
      const topic = `acc.history.${scene.uri()}`;
      const { id } = await subscriber.subscribe("acc.history.", () => undefined, { match: "prefix" });
      for (const number of [1, 2, 3, 4]) await publisher.publish(topic, [number], {}, { acknowledge: true });
      const { args } = await subscriber.call("wamp.subscription.get_events", [id], { limit: 3 });
      const events: unknown = args.length === 1 && Array.isArray(args[0]) ? args[0] : args;
      const values = (events as { args: unknown[] }[]).map((event) => event.args[0]); // as the meta API describes events
      assert.deepEqual(
        values.toSorted((a, b) => Number(a) - Number(b)),
        [2, 3, 4],
      );
    },
  },
  {
    name: "testaments are published when their session ends",
    run: async (scene) => {
      const [mortal, heir] = [await scene.client(), await scene.client()];
      const topic = scene.uri();
      const inbox = new Inbox<ReceivedEvent>();
      await heir.subscribe(topic, inbox.put);
      await mortal.call("wamp.session.add_testament", [topic, ["gone"], { why: "test" }]);
      await mortal.close();
      const [event] = await inbox.atLeast(1);
      assert.deepEqual([event?.args, event?.kwargs], [["gone"], { why: "test" }]);
    },
  },
];
