/** The multi-session sequences of the WAMP test suite, replayed against the router with real sessions. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import type { SerializerName } from "@pinion/wamp/serializer";
import { startBridge } from "../support/router-bridge-fixture.ts";
import { WireTalk } from "../support/wire-talk.ts";
import { shared } from "../support/shared.ts";

interface Words {
  readonly type: string;
  readonly request_id?: number;
  readonly subscription_id?: number;
  readonly publication_id?: number;
  readonly options?: object;
  readonly details?: object;
  readonly topic?: string;
  readonly args?: readonly unknown[];
}
interface Sequence {
  readonly description: string;
  readonly sessions: readonly {
    readonly session_id: string;
    readonly roles: readonly string[];
    readonly realm: string;
  }[];
  readonly sequence: readonly { readonly from: string; readonly to: string; readonly message: Words }[];
  readonly expected_outcome: { readonly event_count: number; readonly event_recipients: readonly string[] };
}

const folder = shared("wamp-vectors/multisession/advanced");
const files = folder ? readdirSync(folder) : [];

/**
 * Plays one sequence. The suite's request ids (123, 789) are names: on the wire they count 1, 2 ..., as the specification
 * has them; subscription and publication ids are whatever the router gives, the same where the suite has the same.
 */
class Replay {
  readonly #talks = new Map<string, WireTalk>();
  readonly #requests = new Map<string, number>();
  readonly #bound = new Map<string, unknown>();
  readonly events: string[] = [];

  async open(t: TestContext, url: string, { sessions }: Sequence, serializer: SerializerName): Promise<void> {
    for (const { session_id, roles, realm } of sessions) {
      const talk = await WireTalk.open(t, url, serializer);
      talk.send([1, realm, { roles: Object.fromEntries(roles.map((role) => [role, {}])) }]);
      assert.equal((await talk.next())[0], 2, "WELCOME");
      this.#talks.set(session_id, talk);
    }
  }

  async step({ from, to, message }: Sequence["sequence"][number]): Promise<void> {
    if (to === "router") return this.#talk(from).send(this.#outgoing(from, message));
    this.#check(to, message, await this.#talk(to).next());
  }

  /** Whatever else came to anybody: a CALL of the meta API is answered after it. */
  async rest(): Promise<void> {
    for (const [name, talk] of this.#talks) {
      const request = this.#next(name);
      talk.send([48, request, {}, "wamp.session.count"]);
      const [code, type, id] = await talk.next();
      assert.deepEqual([code, code === 50 ? type : id], [50, request], `nothing else came to ${name}`);
    }
  }

  #outgoing(from: string, words: Words): readonly unknown[] {
    const request = this.#next(from);
    this.#bound.set(`request ${from} ${String(words.request_id)}`, request);
    if (words.type === "SUBSCRIBE") return [32, request, words.options, words.topic];
    assert.equal(words.type, "PUBLISH");
    return [16, request, words.options, words.topic, words.args];
  }

  #check(to: string, words: Words, list: readonly unknown[]): void {
    if (words.type === "SUBSCRIBED") {
      const request = this.#bound.get(`request ${to} ${String(words.request_id)}`);
      assert.deepEqual(list.slice(0, 2), [33, request]);
      this.#bind(`subscription ${String(words.subscription_id)}`, list[2]);
      return;
    }
    assert.equal(words.type, "EVENT");
    assert.equal(list[0], 36);
    this.#bind(`subscription ${String(words.subscription_id)}`, list[1]);
    this.#bind(`publication ${String(words.publication_id)}`, list[2]);
    assert.deepEqual(list.slice(3), [words.details, words.args]);
    this.events.push(to);
  }

  /** An id that the router chose: the same each time it is named. */
  #bind(name: string, id: unknown): void {
    assert.ok(typeof id === "number" || typeof id === "bigint");
    assert.equal(this.#bound.get(name) ?? id, id, name);
    this.#bound.set(name, id);
  }

  #next(name: string): number {
    const request = (this.#requests.get(name) ?? 0) + 1;
    this.#requests.set(name, request);
    return request;
  }

  #talk(name: string): WireTalk {
    const talk = this.#talks.get(name);
    assert.ok(talk, name);
    return talk;
  }
}

describe("multi-session samples", { skip: folder ? false : "no wamp-vectors; PINION_SHARED says where" }, () => {
  for (const file of files) {
    const sequence = JSON.parse(readFileSync(join(folder ?? "", file), "utf8")) as Sequence; // the suite's own schema
    for (const scheme of ["rs", "ws"] as const) {
      for (const serializer of ["json", "msgpack", "cbor"] as const) {
        test(`${sequence.description} (${scheme}, ${serializer})`, async (t) => {
          const { at } = await startBridge(t);
          const replay = new Replay();
          await replay.open(t, scheme === "rs" ? `rs://${at}` : `ws://${at}/ws`, sequence, serializer);
          for (const step of sequence.sequence) await replay.step(step);
          await replay.rest();
          assert.deepEqual(replay.events, sequence.expected_outcome.event_recipients);
          assert.equal(replay.events.length, sequence.expected_outcome.event_count);
        });
      }
    }
  }

  test("there is one", () => assert.equal(files.length, 1));
});
