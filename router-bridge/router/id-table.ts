/**
 * Values by id, of one session. Most sessions hold nothing of a kind, or one: that costs no Map, of which each takes some 200
 * octets even while it is empty. Owns its entries, in the order in which they came; knows nothing about them.
 */
const NOTHING: readonly never[] = [];

export class IdTable<V> {
  /** The only entry while there has never been a second one. An id is at least 1. */
  #id = 0;
  #only: V | undefined;
  #all: Map<number, V> | undefined;

  get size(): number {
    if (this.#all !== undefined) return this.#all.size;
    return this.#id === 0 ? 0 : 1;
  }

  get(id: number): V | undefined {
    if (this.#all !== undefined) return this.#all.get(id);
    return id === this.#id ? this.#only : undefined;
  }

  has(id: number): boolean {
    return this.#all === undefined ? id === this.#id && id !== 0 : this.#all.has(id);
  }

  set(id: number, value: V): void {
    if (this.#all === undefined && this.#id !== 0 && this.#id !== id) this.#spread();
    if (this.#all !== undefined) {
      this.#all.set(id, value);
      return;
    }
    this.#id = id;
    this.#only = value;
  }

  /** Whether there was one. */
  delete(id: number): boolean {
    if (this.#all !== undefined) return this.#all.delete(id);
    if (!this.has(id)) return false;
    this.clear();
    return true;
  }

  clear(): void {
    this.#id = 0;
    this.#only = undefined;
    this.#all = undefined;
  }

  /** An entry may be deleted while they are gone through. */
  values(): Iterable<V> {
    if (this.#all !== undefined) return this.#all.values();
    return this.#only === undefined ? NOTHING : [this.#only];
  }

  #spread(): void {
    this.#all = new Map();
    if (this.#only !== undefined) this.#all.set(this.#id, this.#only);
    this.#id = 0;
    this.#only = undefined;
  }
}
