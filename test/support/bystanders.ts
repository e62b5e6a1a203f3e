/**
 * Two well-behaved sessions beside a hostile one: one publishes to and calls the other, over another transport and another
 * serializer. Nothing that anybody else does may cost them an event, an answer, or their order.
 */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { WireTalk } from "./wire-talk.ts";

export class Bystanders {
  readonly #asking: WireTalk;
  readonly #answering: WireTalk;
  #request = 0;
  #invocation = 0;
  #subscription: unknown;

  private constructor(asking: WireTalk, answering: WireTalk) {
    this.#asking = asking;
    this.#answering = answering;
  }

  /** `at`: host:port of a router-bridge. */
  static async join(t: Pick<TestContext, "after">, at: string): Promise<Bystanders> {
    const asking = await (await WireTalk.open(t, `rs://${at}`, "json")).join();
    const answering = await (await WireTalk.open(t, `ws://${at}/ws`, "cbor")).join();
    const bystanders = new Bystanders(asking, answering);
    answering.send([32, 1, {}, "friend.topic"]);
    bystanders.#subscription = (await answering.next())[2];
    answering.send([64, 2, {}, "friend.procedure"]);
    assert.equal((await answering.next())[0], 65);
    return bystanders;
  }

  /** One event and one call, which arrive as the next messages and nothing before them. */
  async check(): Promise<void> {
    const tag = (this.#request += 2);
    this.#asking.send([16, tag - 1, {}, "friend.topic", [tag]]);
    this.#asking.send([48, tag, {}, "friend.procedure", [tag]]);
    const event = await this.#answering.next();
    assert.deepEqual([event[0], event[1], event[4]], [36, this.#subscription, [tag]], "the bystander's event");
    const invocation = await this.#answering.next();
    this.#invocation += 1;
    assert.deepEqual([invocation[0], invocation[1], invocation[4]], [68, this.#invocation, [tag]], "its invocation");
    this.#answering.send([70, this.#invocation, {}, [tag + 1]]);
    assert.deepEqual(await this.#asking.next(), [50, tag, {}, [tag + 1]], "its result");
  }

  /** Calls a procedure of somebody else; the answer is for `answer` to read. */
  call(procedure: string): number {
    // ids go by two: the unused one is spent on a publication that nobody hears
    const request = (this.#request += 2);
    this.#asking.send([16, request - 1, {}, "friend.nothing"]);
    this.#asking.send([48, request, {}, procedure]);
    return request;
  }

  async answer(): Promise<readonly unknown[]> {
    return this.#asking.next();
  }

  /** The hostile session ends, and its call with it if there was one; then all is as before. */
  async checkAfter(called: boolean, hostile: WireTalk): Promise<void> {
    hostile.destroy();
    if (called) {
      const [code, type, id] = await this.answer();
      const answered = code === 50 ? type : id;
      assert.equal(answered, this.#request, "the call to the hostile session is answered once");
    }
    await this.check();
  }

  /** What the router says is there: only the two and what they hold. */
  async checkAlone(): Promise<void> {
    const ask = async (procedure: string): Promise<unknown> => {
      const request = this.call(procedure);
      const [code, id, , args] = await this.answer();
      assert.deepEqual([code, id], [50, request], procedure);
      return args;
    };
    assert.deepEqual(await ask("wamp.session.count"), [2]);
    for (const kind of ["registration", "subscription"]) {
      const [lists] = (await ask(`wamp.${kind}.list`)) as [Record<string, unknown[]>]; // the meta API's shape
      assert.deepEqual(
        Object.values(lists)
          .map((ids) => ids.length)
          .toSorted((a, b) => a - b),
        [0, 0, 1],
        `${kind}s left behind`,
      );
    }
  }
}
