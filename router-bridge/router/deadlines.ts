/**
 * Owns what is due when: a binary heap in which each entry knows its place, so that the deadline of a call that was
 * answered is taken out at once and never piles up. It knows no clock: `now` comes in. Entries due at the same
 * millisecond come out in the order in which they were added.
 */

/** Milliseconds of a monotonic clock; only differences matter. */
export type Millis = number;

export interface Deadline<T> {
  readonly at: Millis;
  readonly subject: T;
}

class Entry<T> implements Deadline<T> {
  readonly at: Millis;
  readonly order: number;
  readonly subject: T;
  /** Place in the heap; -1 when taken out. */
  place = -1;

  constructor(at: Millis, order: number, subject: T) {
    this.at = at;
    this.order = order;
    this.subject = subject;
  }
}

export class Deadlines<T> {
  readonly #heap: Entry<T>[] = [];
  #added = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** When the first entry is due. */
  next(): Millis | undefined {
    return this.#heap[0]?.at;
  }

  add(at: Millis, subject: T): Deadline<T> {
    this.#added += 1;
    const entry = new Entry(at, this.#added, subject);
    this.#heap.push(entry);
    this.#rise(entry, this.#heap.length - 1);
    return entry;
  }

  /** Takes a deadline out; nothing happens if it is out already. */
  remove(deadline: Deadline<T>): void {
    if (!(deadline instanceof Entry) || deadline.place < 0) return;
    const place = deadline.place;
    deadline.place = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === deadline) return;
    this.#rise(last, place);
    this.#sink(last, last.place);
  }

  /** Takes out the first entry that is due at `now`. */
  takeDue(now: Millis): Deadline<T> | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.at > now) return undefined;
    this.remove(first);
    return first;
  }

  #rise(entry: Entry<T>, from: number): void {
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = this.#heap[above];
      if (parent === undefined || before(parent, entry)) break;
      this.#put(parent, place);
      place = above;
    }
    this.#put(entry, place);
  }

  #sink(entry: Entry<T>, from: number): void {
    let place = from;
    for (;;) {
      const left = this.#heap[2 * place + 1];
      const right = this.#heap[2 * place + 2];
      const child = right !== undefined && left !== undefined && before(right, left) ? right : left;
      if (child === undefined || before(entry, child)) break;
      const below = child.place;
      this.#put(child, place);
      place = below;
    }
    this.#put(entry, place);
  }

  #put(entry: Entry<T>, place: number): void {
    this.#heap[place] = entry;
    entry.place = place;
  }
}

function before<T>(a: Entry<T>, b: Entry<T>): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
