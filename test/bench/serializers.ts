/*
 * Parse and marshal of one message per second, beside JSON.parse and JSON.stringify of the same message as a plain list:
 * what a program without this package would do, and what it would pay for. The payload stays undecoded, as in a router.
 */
import { Bench } from "tinybench";
import type { Message } from "../../packages/wamp/index.ts";
import { payloadOf, toId, toUri } from "../../packages/wamp/index.ts";
import { serializers } from "../../packages/wamp/serializer/index.ts";
import type { BenchResult } from "./result.ts";

const TIME_PER_CASE_MS = 120;

const payloads = {
  "100 B": payloadOf(["x".repeat(60)], { unit: "Cel", t: 1_763_665_000_000, seq: 17 }),
  "2 KB": payloadOf(Array.from({ length: 40 }, (_, i) => ({ name: `sensor-${i}`, value: i + 0.5, good: true }))),
};

function messages(payload: ReturnType<typeof payloadOf>): readonly Message[] {
  const topic = toUri("sensor.boiler.temperature");
  return [
    { type: "EVENT", subscription: toId(3), publication: toId(2 ** 52 + 5), details: {}, payload },
    { type: "PUBLISH", request: toId(70_123), options: {}, topic, payload },
    { type: "CALL", request: toId(70_124), options: {}, procedure: toUri("device.gpio.set"), payload },
  ];
}

async function rates(cases: Readonly<Record<string, () => void>>): Promise<Map<string, number>> {
  const bench = new Bench({ time: TIME_PER_CASE_MS, warmupTime: 40 });
  for (const [name, run] of Object.entries(cases)) bench.add(name, run);
  await bench.run();
  return new Map(
    bench.tasks.map((task) => [task.name, "throughput" in task.result ? task.result.throughput.mean : Number.NaN]),
  );
}

async function compare(message: Message, size: string): Promise<BenchResult[]> {
  const text = new TextDecoder().decode(serializers.json.marshal(message));
  const list: unknown = JSON.parse(text);
  const octets = new TextEncoder().encode(text);
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  const cases: Record<string, () => void> = {
    "JSON.parse": () => void JSON.parse(decoder.decode(octets)),
    "JSON.stringify": () => void encoder.encode(JSON.stringify(list)),
  };
  for (const serializer of Object.values(serializers)) {
    const bytes = serializer.marshal(message);
    const received = serializer.parse(bytes);
    cases[`${serializer.name} parse`] = () => void serializer.parse(bytes);
    cases[`${serializer.name} marshal`] = () => void serializer.marshal(received);
  }
  const measured = await rates(cases);
  return [...measured].map(([name, value]) => {
    const ratioTo = name.endsWith("parse") ? "JSON.parse" : "JSON.stringify";
    const ratio = value / (measured.get(ratioTo) ?? Number.NaN);
    const label = `${message.type} ${size}: ${name}`;
    return name === ratioTo
      ? { name: label, unit: "msg/s", value }
      : { name: label, unit: "msg/s", value, ratioTo, ratio };
  });
}

export async function run(): Promise<readonly BenchResult[]> {
  const results: BenchResult[] = [];
  for (const [size, payload] of Object.entries(payloads)) {
    for (const message of messages(payload)) results.push(...(await compare(message, size)));
  }
  return results;
}
