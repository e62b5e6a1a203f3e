import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { clockSync } from "../../device/clock-sync.ts";

/** A machine with a clock of its own: when it was asked, in seconds. */
class Machine {
  mark = false;
  kernel = false;
  now = 0;
  readonly askedAt: number[] = [];
  #next: { look: () => void; at: number } | undefined;

  readonly hasMark = (): Promise<boolean> => Promise.resolve(this.mark);
  readonly kernelSays = (): Promise<boolean> => {
    this.askedAt.push(this.now);
    return Promise.resolve(this.kernel);
  };
  readonly later = (look: () => void, ms: number): void => {
    this.#next = { look, at: this.now + ms / 1000 };
  };

  async until(seconds: number): Promise<void> {
    await nextTurn();
    while (this.#next !== undefined && this.#next.at <= seconds) {
      const { look, at } = this.#next;
      this.now = at;
      look();
      await nextTurn();
    }
  }
}

test("a clock that nobody steers is asked about less and less often, and once a minute in the end", async () => {
  const machine = new Machine();
  const isSynced = clockSync(machine);
  await machine.until(240);
  assert.deepEqual(machine.askedAt, [0, 10, 30, 70, 130, 190]);
  assert.equal(isSynced(), false);
});

test("the mark of systemd-timesyncd is seen within five seconds, however long it took to come", async () => {
  const machine = new Machine();
  const isSynced = clockSync(machine);
  await machine.until(600);
  machine.mark = true;
  await machine.until(605);
  assert.equal(isSynced(), true);
});

test("what the kernel says is seen within a minute, and when it takes it back too", async () => {
  const machine = new Machine();
  const isSynced = clockSync(machine);
  await machine.until(600);
  machine.kernel = true;
  await machine.until(660);
  assert.equal(isSynced(), true);
  machine.kernel = false;
  await machine.until(720);
  assert.equal(isSynced(), false);
  assert.deepEqual(
    machine.askedAt.filter((at) => at > 600),
    [610, 670, 680, 700],
    "asked soon again after it was lost",
  );
});
