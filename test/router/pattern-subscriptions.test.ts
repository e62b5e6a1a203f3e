import assert from "node:assert/strict";
import { it } from "node:test";
import { events, trio } from "./scenes.ts";
import { uri } from "./world.ts";

it("delivers to the exact and to the prefix subscription, each with its id and the same publication", () => {
  const { a, b } = trio();
  const exact = b.subscribe("com.t.x");
  const prefix = b.subscribe("com.t", { match: "prefix" });
  const wildcard = b.subscribe("com..x", { match: "wildcard" });
  a.publish("com.t.x");
  const received = events(b);
  assert.deepEqual(
    received.map((event) => event.subscription),
    [exact, prefix, wildcard],
  );
  assert.equal(new Set(received.map((event) => event.publication)).size, 1);
});

it("names the topic in events of pattern subscriptions", () => {
  const { a, b } = trio();
  b.subscribe("sensor.", { match: "prefix" });
  b.subscribe(".door", { match: "wildcard" });
  a.publish("sensor.door");
  assert.deepEqual(
    events(b).map((event) => event.details),
    [{ topic: "sensor.door" }, { topic: "sensor.door" }],
  );
});

const emergency = "com.myapp.topic.emergency";
const cases: readonly [string, string, readonly string[], readonly string[]][] = [
  [
    "prefix",
    emergency,
    [emergency, `${emergency}.11`, `${emergency}-low`, `${emergency}.category.severe`],
    ["com.myapp.topic.emerge", "com.myapp.topic"],
  ],
  ["prefix", "sensor.", ["sensor.a", "sensor.a.b"], ["sensor", "sensors.a"]],
  ["prefix", "", ["a", "a.b", "sensor.x"], []],
  [
    "wildcard",
    "com.myapp..userevent",
    ["com.myapp.foo.userevent", "com.myapp.bar.userevent", "com.myapp.a12.userevent"],
    ["com.myapp.foo.userevent.bar", "com.myapp.foo.user", "com.myapp2.foo.userevent", "com.myapp.userevent"],
  ],
  ["wildcard", ".b.", ["a.b.c"], ["a.b", "b.c", "a.c.b", "a.b.c.d"]],
  ["wildcard", "..", ["a.b.c"], ["a.b", "a", "a.b.c.d"]],
  ["wildcard", "", ["a", "b"], ["a.b"]],
  ["wildcard", "foo.bar*test", ["foo.bar*test"], ["foo.barxtest", "foo.bartest"]],
  ["exact", "com.t*", ["com.t*"], ["com.t", "com.tx"]],
];
for (const [match, pattern, hits, misses] of cases) {
  it(`${match} ${JSON.stringify(pattern)} matches ${hits.join(", ")} and not ${misses.join(", ") || "nothing"}`, () => {
    const { a, b } = trio();
    b.subscribe(pattern, { match });
    for (const topic of hits) {
      a.publish(topic);
      assert.equal(events(b).length, 1, topic);
    }
    for (const topic of misses) {
      a.publish(topic);
      assert.equal(events(b).length, 0, topic);
    }
  });
}

it("keeps exact, prefix and wildcard subscriptions of the same text apart", () => {
  const { a, b } = trio();
  const ids = ["exact", "prefix", "wildcard"].map((match) => b.subscribe("com.t", { match }));
  assert.equal(new Set(ids).size, 3);
  a.publish("com.t");
  assert.equal(events(b).length, 3);
  a.publish("com.t.x");
  assert.equal(events(b).length, 1);
});

it("takes an unknown match policy for a protocol violation", () => {
  const { b } = trio();
  b.send({ type: "SUBSCRIBE", request: b.nextRequest(), options: { match: "regex" }, topic: uri("com.t") });
  assert.equal(b.takeOne("ABORT").reason, "wamp.error.protocol_violation");
});
