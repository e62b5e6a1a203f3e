/**
 * A caller and a callee in one process, so that a call costs the machine four hops through the process under test and
 * nothing else. Answers come back in the order of the calls, so each is timed by counting. The callee comes first: the
 * bare relay takes its first connection for it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { CallsJob, Measured } from "./job.ts";
import { Latencies } from "./latencies.ts";
import { NumberedBatches } from "./numbered-batches.ts";
import { openSession, type Session } from "./session.ts";
import { cpuSeconds, residentOctets } from "./system-cost.ts";

const PROCEDURE = "bench.echo";
const ARRIVAL_TIMEOUT = 10_000;

function answerCalls({ link, wire }: Session, payload: string): void {
  const answer = wire.answer(payload);
  let answers: Buffer[] = [];
  link.scanner.handOut((octets, from) => {
    answers.push(answer(octets, from));
  });
  link.onRead = () => {
    if (answers.length === 0) return;
    link.write(answers.length === 1 && answers[0] !== undefined ? answers[0] : Buffer.concat(answers));
    answers = [];
  };
}

/** Keeps so many calls open; tells how many were answered. */
class Caller {
  readonly #session: Session;
  readonly #batches: NumberedBatches;
  readonly #sentAt: number[] = [];
  #timed = 0;
  running = true;
  readonly latencies = new Latencies();

  constructor(session: Session, payload: string) {
    this.#session = session;
    this.#batches = new NumberedBatches([session.wire.call(PROCEDURE, payload)], 1);
    session.link.scanner.expect(session.wire.expectation("result", payload.length));
    session.link.onRead = () => this.#answered();
  }

  get answered(): number {
    return this.#session.link.scanner.count;
  }

  get open(): number {
    return this.#batches.sent - this.answered;
  }

  send(count: number): void {
    const { octets, done } = this.#batches.take(count);
    const now = performance.now();
    for (let i = 0; i < count; i += 1) this.#sentAt.push(now);
    this.#session.link.write(octets, done);
  }

  #answered(): void {
    const now = performance.now();
    const count = this.answered - this.#timed;
    if (count === 0) return;
    for (const at of this.#sentAt.splice(0, count)) this.latencies.add(now - at);
    this.#timed += count;
    if (this.running) this.send(count);
  }
}

export async function measureCalls({
  endpoint,
  payload,
  inFlight,
  seconds,
  warmUp,
  pids,
}: CallsJob): Promise<Measured> {
  const before = residentOctets(pids);
  const text = "x".repeat(payload);
  const callee = await openSession(endpoint);
  await callee.wire.register(callee.link, PROCEDURE);
  answerCalls(callee, text);
  const session = await openSession(endpoint);
  const caller = new Caller(session, text);
  const faults: Error[] = [];
  for (const { link } of [callee, session]) link.onClose = (error) => faults.push(error);
  const look = (): { at: number; count: number; tested: number; load: number } => {
    const [fault] = faults;
    if (fault !== undefined) throw fault;
    return { at: performance.now(), count: caller.answered, tested: cpuSeconds(pids), load: cpuSeconds([process.pid]) };
  };
  try {
    caller.send(inFlight);
    await sleep(warmUp * 1000);
    caller.latencies.clear();
    const start = look();
    await sleep(seconds * 1000);
    const end = look();
    const after = residentOctets(pids);
    caller.running = false;
    const latency = caller.latencies.percentiles();
    const deadline = performance.now() + ARRIVAL_TIMEOUT;
    while (caller.open > 0 && performance.now() < deadline) await sleep(10);
    const { unexpected } = session.link.scanner;
    if (unexpected > 0) throw new Error(`${String(unexpected)} calls were not answered with a RESULT`);
    const elapsed = (end.at - start.at) / 1000;
    const count = end.count - start.count;
    return {
      count,
      seconds: elapsed,
      perSecond: count / elapsed,
      lost: caller.open,
      ...(latency === undefined ? {} : { latency }),
      cpu: { tested: end.tested - start.tested, load: end.load - start.load },
      rss: { before, after },
    };
  } finally {
    caller.running = false;
    callee.link.close();
    session.link.close();
  }
}
