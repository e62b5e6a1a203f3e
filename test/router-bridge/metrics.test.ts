import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { readConfigText } from "../../router-bridge/config.ts";
import { CALL_BUCKETS, CallTimes } from "../../router-bridge/traffic.ts";
import { eventually, startBridge } from "../support/router-bridge-fixture.ts";
import { rawSubscriber } from "../support/raw-session.ts";
import { talk } from "../support/router-bridge-talk.ts";

/** The value of one line of the text format; labels in any order. */
function valueOf(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number {
  for (const line of text.split("\n")) {
    const [, metric, inside = "", value] = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (metric !== name) continue;
    if (Object.entries(labels).every(([key, word]) => inside.includes(`${key}="${word}"`))) return Number(value);
  }
  return Number.NaN;
}

async function scrape(url: string): Promise<string> {
  const response = await fetch(url);
  assert.equal(response.status, 200);
  assert.match(String(response.headers.get("content-type")), /^text\/plain; version=0\.0\.4/);
  return response.text();
}

test("there are no metrics unless they are asked for", async (t) => {
  const { at } = await startBridge(t);
  assert.equal((await fetch(`http://${at}/metrics`)).status, 404);
});

test("sessions, messages by type and direction, queues, drops, call times, loop lag and the process are told", async (t) => {
  const { at } = await startBridge(t, "metrics: true");
  const callee = await (await talk(t, `rs://${at}`)).join();
  const caller = await (await talk(t, `ws://${at}/ws`)).join();
  await callee.register("echo");
  for (const one of [callee, caller]) await one.subscribe("load");
  for (let i = 0; i < 3; i++) {
    caller.call("echo");
    const { request: id, payload } = await callee.expect("INVOCATION");
    callee.send({ type: "YIELD", request: id, options: {}, payload });
    await caller.expect("RESULT");
  }
  caller.publish("load", [1], { exclude_me: false });
  for (const one of [callee, caller]) await one.expect("EVENT");
  const text = await scrape(`http://${at}/metrics`);
  assert.equal(valueOf(text, "pinion_sessions"), 2);
  assert.equal(valueOf(text, "pinion_subscriptions"), 1);
  assert.equal(valueOf(text, "pinion_registrations"), 1);
  assert.equal(valueOf(text, "pinion_pending_calls"), 0);
  assert.equal(valueOf(text, "pinion_messages_total", { type: "CALL", direction: "received" }), 3);
  assert.equal(valueOf(text, "pinion_messages_total", { type: "RESULT", direction: "sent" }), 3);
  assert.equal(valueOf(text, "pinion_messages_total", { type: "PUBLISH", direction: "received" }), 1);
  assert.equal(valueOf(text, "pinion_messages_total", { type: "EVENT", direction: "sent" }), 2);
  assert.equal(valueOf(text, "pinion_call_duration_seconds_count"), 3);
  assert.equal(valueOf(text, "pinion_call_duration_seconds_bucket", { le: "+Inf" }), 3);
  assert.ok(valueOf(text, "pinion_call_duration_seconds_sum") > 0);
  assert.equal(valueOf(text, "pinion_queue_octets"), 0);
  assert.equal(valueOf(text, "pinion_dropped_events_total", { reason: "folded" }), 0);
  assert.ok(valueOf(text, "nodejs_eventloop_lag_seconds") >= 0);
  assert.ok(valueOf(text, "process_resident_memory_bytes") > 1e7);
  assert.match(text, /^# TYPE pinion_call_duration_seconds histogram$/m);
  const again = await scrape(`http://${at}/metrics`);
  assert.equal(valueOf(again, "pinion_messages_total", { type: "CALL", direction: "received" }), 3);
});

test("what a slow subscriber was not sent is told by reason, and what waits for it as octets", async (t) => {
  const yaml = "metrics: {}\nlimits: { queueOctets: 200000, slowConsumer: coalesce, goodbyeTimeout: 50 }";
  const { at, bridge } = await startBridge(t, yaml);
  const stuck = await rawSubscriber(t, at, "load");
  stuck.connection.pause();
  const publisher = await (await talk(t, `rs://${at}`)).join();
  const block = "x".repeat(50_000);
  for (let i = 0; bridge.counters.get("eventsFolded") === 0; i++) {
    assert.ok(i < 5000, "nothing was ever folded");
    publisher.publish("load", [i, block], { acknowledge: true });
    await publisher.expect("PUBLISHED");
  }
  const text = await scrape(`http://${at}/metrics`);
  assert.ok(valueOf(text, "pinion_dropped_events_total", { reason: "folded" }) > 0);
  assert.ok(valueOf(text, "pinion_queue_octets") > 100_000);
  assert.equal(valueOf(text, "pinion_queue_octets"), valueOf(text, "pinion_queue_octets_largest"));
  assert.ok(valueOf(text, "pinion_queue_messages") > 0);
});

test("on the main port they are for this machine, and not for those behind a proxy on it", async (t) => {
  const { at } = await startBridge(t, "metrics: true");
  const forwarded = await fetch(`http://${at}/metrics`, { headers: { "X-Forwarded-For": "203.0.113.7" } });
  assert.equal(forwarded.status, 404);
  const [host, port] = at.split(":");
  const status = await new Promise<number | undefined>((resolve, reject) => {
    request({ host, port, path: "/metrics", headers: { Host: "evil.example" } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on("error", reject)
      .end();
  });
  assert.equal(status, 403);
});

test("with an address of their own they are there and not on the main port, and go when the process stops", async (t) => {
  const { at, bridge } = await startBridge(t, "metrics: { listen: '127.0.0.1:0', path: /figures }");
  const own = String(bridge.metricsAddress);
  assert.equal((await fetch(`http://${at}/figures`)).status, 404);
  assert.ok(valueOf(await scrape(`http://${own}/figures`), "pinion_connections_total") > 0);
  for (const [path, method] of [
    ["/", "GET"],
    ["/figures", "POST"],
  ] as const) {
    assert.equal((await fetch(`http://${own}${path}`, { method })).status, 404);
  }
  await bridge.stop();
  await assert.rejects(fetch(`http://${own}/figures`));
});

test("a relay tells what it has", async (t) => {
  const router = await startBridge(t);
  const relay = await startBridge(t, `metrics: true\nupstream: { url: "rs://${router.at}" }\n`);
  await (await talk(t, `rs://${relay.at}`)).join();
  await eventually(() => relay.bridge.connections > 0, "the session");
  const text = await scrape(`http://${relay.at}/metrics`);
  assert.equal(valueOf(text, "pinion_sessions"), 1);
  assert.ok(Number.isNaN(valueOf(text, "pinion_messages_total")));
});

for (const [what, metrics, fault] of [
  ["an address that others reach", "{ listen: '0.0.0.0:9464' }", /insecure: true/],
  ["an address that is none", "{ listen: '127.0.0.1:99999' }", /host:port/],
  ["a path that is taken", "{ path: /healthz }", /free/],
] as const) {
  test(`${what} is refused for the metrics`, () => {
    const result = readConfigText(`metrics: ${metrics}`, "test.yaml");
    assert.ok(!result.ok);
    assert.match(JSON.stringify(result.problems), fault);
  });
}

test("a call is counted in the first bucket that holds it, and one that took longer than all in the last", () => {
  const times = new CallTimes();
  for (const ms of [0, 0.25, 0.5, 60_000, 60_001]) times.add(ms);
  assert.equal(times.counts.length, CALL_BUCKETS.length + 1);
  assert.deepEqual([times.counts[0], times.counts[1], times.counts.at(-2), times.counts.at(-1)], [2, 1, 1, 1]);
  assert.equal(times.sum, 120_001.75);
});
