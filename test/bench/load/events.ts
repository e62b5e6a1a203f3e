/**
 * Publishers and subscribers in one process, so that the publishers know what has arrived: they send as much as their
 * sockets take, but never get further ahead of the slowest subscriber than a window of messages. With that nobody has a
 * reason to drop anything, and what is measured is what arrives. The window is the same for everybody under test.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { EventsJob, Measured } from "./job.ts";
import { Latencies } from "./latencies.ts";
import { NumberedBatches } from "./numbered-batches.ts";
import { openSession, openSessions, type Session } from "./session.ts";
import { cpuSeconds, residentOctets } from "./system-cost.ts";
import type { Wire } from "./wire.ts";

const WINDOW_MESSAGES = 4096;
const WINDOW_OCTETS = 1024 * 1024;
const LEAST_WINDOW = 16;
const BATCH_MESSAGES = 64;
const BATCH_OCTETS = 64 * 1024;
/** What is on its way when the sending ends has this long to arrive. */
const ARRIVAL_TIMEOUT = 10_000;
const TOPICS = 1024;
const OPENED_AT_ONCE = 50;

interface Publisher {
  readonly session: Session;
  readonly batches: NumberedBatches;
  blocked: boolean;
}

class EventsLoad {
  readonly #job: EventsJob;
  readonly #publishers: Publisher[] = [];
  #subscribers: Session[] = [];
  #stuck: Session[] = [];
  #sent = 0;
  #running = false;
  #scheduled = false;
  #fault: Error | undefined;
  readonly #window: number;
  readonly #batch: number;
  /** When which publication was sent, for those whose arrival is timed. */
  #timed: { number: number; at: number }[] = [];
  #timedFrom = 0;
  readonly #latencies = new Latencies();

  constructor(job: EventsJob) {
    this.#job = job;
    const room = Math.floor(WINDOW_OCTETS / (job.payload + 64));
    this.#window = job.inFlight > 0 ? job.inFlight : Math.max(LEAST_WINDOW, Math.min(WINDOW_MESSAGES, room));
    const fits = Math.max(1, Math.min(BATCH_MESSAGES, Math.floor(BATCH_OCTETS / (job.payload + 64))));
    this.#batch = job.rate > 0 || job.inFlight > 0 ? 1 : 2 ** Math.floor(Math.log2(fits));
  }

  async run(): Promise<Measured> {
    const { seconds, warmUp, pids } = this.#job;
    const before = residentOctets(pids);
    try {
      await this.#open();
      this.#running = true;
      if (this.#job.rate > 0) this.#sendAtRate(performance.now());
      else this.#schedule();
      await sleep(warmUp * 1000);
      this.#latencies.clear();
      const start = this.#look();
      await sleep(seconds * 1000);
      const end = this.#look();
      const after = residentOctets(pids);
      this.#running = false;
      const lost = await this.#awaitArrival();
      const latency = this.#latencies.percentiles();
      const elapsed = (end.at - start.at) / 1000;
      const count = end.count - start.count;
      return {
        count,
        seconds: elapsed,
        perSecond: count / elapsed,
        lost,
        ...(latency === undefined ? {} : { latency }),
        cpu: { tested: end.tested - start.tested, load: end.load - start.load },
        rss: { before, after },
      };
    } finally {
      this.#running = false;
      for (const { session } of this.#publishers) session.link.close();
      for (const { link } of [...this.#subscribers, ...this.#stuck]) link.close();
    }
  }

  #look(): { at: number; count: number; tested: number; load: number } {
    if (this.#fault !== undefined) throw this.#fault;
    const count = this.#job.inFlight > 0 ? this.#countAcknowledged() : this.#delivered();
    return { at: performance.now(), count, tested: cpuSeconds(this.#job.pids), load: cpuSeconds([process.pid]) };
  }

  /** A publisher first: the bare copier takes the first connection for the source. */
  async #open(): Promise<void> {
    const { endpoint, publishers, subscribers, subscriberEndpoints } = this.#job;
    const opened = await openSessions(publishers, OPENED_AT_ONCE, () => openSession(endpoint));
    for (const session of opened) this.#addPublisher(session);
    const others = subscriberEndpoints ?? [endpoint];
    this.#subscribers = await openSessions(subscribers, OPENED_AT_ONCE, (nth) =>
      openSession(others[nth % others.length] ?? endpoint),
    );
    await Promise.all(this.#subscribers.map((session, nth) => this.#subscribe(session, nth)));
    this.#stuck = await openSessions(this.#job.stuck, OPENED_AT_ONCE, () => openSession(endpoint));
    for (const session of this.#stuck) {
      await this.#subscribe(session, Number.POSITIVE_INFINITY);
      session.link.onClose = () => undefined;
      session.link.stopReading();
    }
  }

  #addPublisher(session: Session): void {
    const { link, wire } = session;
    const { inFlight } = this.#job;
    const publisher = { session, batches: new NumberedBatches(this.#publications(wire), this.#batch), blocked: false };
    link.onDrain = () => {
      publisher.blocked = false;
      this.#schedule();
    };
    link.onClose = (error) => {
      this.#fault = new Error(`a publisher lost its connection: ${error.message}`);
    };
    if (inFlight > 0) {
      link.scanner.expect(wire.expectation("acknowledgement", 0));
      link.onRead = () => {
        this.#arrived(link.scanner.count);
        this.#schedule();
      };
    }
    this.#publishers.push(publisher);
  }

  #publications(wire: Wire): ReturnType<Wire["publication"]>[] {
    const { match, patterns, payload, inFlight } = this.#job;
    const topics =
      match === "exact"
        ? [wire.name(["bench", "topic"], "exact")]
        : Array.from({ length: TOPICS }, (_, i) =>
            wire.name(["bench", pattern(i % patterns), "room", "value"], "exact"),
          );
    const text = "x".repeat(payload);
    return topics.map((topic) => wire.publication({ topic, payload: text, acknowledge: inFlight > 0 }));
  }

  async #subscribe({ link, wire }: Session, nth: number): Promise<void> {
    const { match, patterns, subscribers, payload } = this.#job;
    const mine = Array.from({ length: match === "exact" ? 0 : patterns }, (_, i) => i).filter(
      (i) => i % subscribers === nth,
    );
    const words = (i: number): string[] =>
      match === "prefix" ? ["bench", pattern(i)] : ["bench", pattern(i), "", "value"];
    const names =
      match === "exact" ? [wire.name(["bench", "topic"], match)] : mine.map((i) => wire.name(words(i), match));
    await wire.subscribe(link, names, match);
    link.scanner.expect(wire.expectation("event", payload));
    const timed = nth === 0 && this.#job.inFlight === 0 && (match === "exact" || subscribers === 1);
    link.onRead = () => {
      if (timed) this.#arrived(link.scanner.count);
      this.#schedule();
    };
    link.onClose = (error) => {
      this.#fault = new Error(`a subscriber lost its connection: ${error.message}`);
    };
  }

  #schedule(): void {
    if (this.#scheduled || !this.#running || this.#job.rate > 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#running) this.#send();
    });
  }

  #send(): void {
    let room = this.#window - (this.#sent - this.#reached());
    for (let progress = true; progress && room >= this.#batch;) {
      progress = false;
      for (const publisher of this.#publishers) {
        if (publisher.blocked || room < this.#batch) continue;
        // Acknowledgements come in bunches; what they make room for leaves in one write.
        this.#write(publisher, this.#job.inFlight > 0 ? room : this.#batch);
        room = this.#window - (this.#sent - this.#reached());
        progress = true;
      }
    }
  }

  #write(publisher: Publisher, size: number): void {
    const batch = publisher.batches.take(size);
    this.#sent += batch.frames;
    if (this.#publishers.length === 1) this.#timed.push({ number: this.#sent, at: performance.now() });
    publisher.blocked = !publisher.session.link.write(batch.octets, batch.done);
  }

  /** Each publication at its time, not when the last one has arrived; late ones are timed from when they were due. */
  #sendAtRate(started: number): void {
    if (!this.#running) return;
    const [publisher] = this.#publishers;
    if (publisher === undefined) return;
    const due = Math.floor(((performance.now() - started) / 1000) * this.#job.rate);
    while (this.#sent < due && this.#sent - this.#reached() < this.#window) {
      const batch = publisher.batches.take(1);
      this.#sent += 1;
      this.#timed.push({ number: this.#sent, at: started + (this.#sent / this.#job.rate) * 1000 });
      publisher.session.link.write(batch.octets, batch.done);
    }
    setImmediate(() => this.#sendAtRate(started));
  }

  #arrived(count: number): void {
    const now = performance.now();
    let at = this.#timedFrom;
    for (let next = this.#timed[at]; next !== undefined && next.number <= count; next = this.#timed[at]) {
      this.#latencies.add(now - next.at);
      at += 1;
    }
    this.#timedFrom = at;
    if (at > 4096) {
      this.#timed = this.#timed.slice(at);
      this.#timedFrom = 0;
    }
  }

  /** Publications that have got as far as they should: to the slowest subscriber, or back to the publisher. */
  #reached(): number {
    if (this.#job.inFlight > 0) return this.#countAcknowledged();
    if (this.#job.match !== "exact") return this.#delivered();
    let least = Number.POSITIVE_INFINITY;
    for (const { link } of this.#subscribers) least = Math.min(least, link.scanner.count);
    return least;
  }

  #delivered(): number {
    let all = 0;
    for (const { link } of this.#subscribers) all += link.scanner.count;
    return all;
  }

  #countAcknowledged(): number {
    let all = 0;
    for (const { session } of this.#publishers) all += session.link.scanner.count;
    return all;
  }

  async #awaitArrival(): Promise<number> {
    const wanted = this.#sent * (this.#job.match === "exact" ? this.#subscribers.length : 1);
    const deadline = performance.now() + ARRIVAL_TIMEOUT;
    while (this.#delivered() < wanted && performance.now() < deadline) await sleep(10);
    const scanners = [...this.#subscribers, ...this.#publishers.map(({ session }) => session)].map(
      ({ link }) => link.scanner,
    );
    const unexpected = scanners.reduce((sum, scanner) => sum + scanner.unexpected, 0);
    if (unexpected > 0) throw new Error(`${String(unexpected)} messages were none that should have come`);
    return wanted - this.#delivered();
  }
}

/** Names of one length, so that frames of one batch are, too. */
function pattern(nth: number): string {
  return `p${String(nth).padStart(6, "0")}`;
}

export function measureEvents(job: EventsJob): Promise<Measured> {
  return new EventsLoad(job).run();
}
