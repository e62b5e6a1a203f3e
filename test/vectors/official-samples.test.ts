/**
 * The single-message samples of the WAMP test suite, read from beside the project; no copy of them is kept here. Those that
 * contradict the specification's text are not taken as they stand: they are listed with the reason, and checked to be
 * treated as the text demands.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { ProtocolViolation, type Message } from "../../packages/wamp/index.ts";
import { messageTable } from "../../packages/wamp/message-table.ts";
import { type SerializerName, serializers } from "../../packages/wamp/serializer/index.ts";
import { rawOctets } from "../support/raw-message.ts";
import { shared } from "../support/shared.ts";

interface Octets {
  readonly bytes?: string;
  readonly bytes_hex?: string;
}
interface Sample {
  readonly description: string;
  readonly serializers?: Readonly<Record<string, readonly Octets[]>>;
  readonly expected_attributes?: Readonly<Record<string, unknown>>;
  readonly wmsg?: readonly unknown[];
  readonly expected_error?: { readonly contains: string };
}
interface VectorFile {
  readonly wamp_message_type: string;
  readonly wamp_message_code: number;
  readonly samples: readonly Sample[];
}

/** What the text demands where a sample says something else. */
type Demand = "kept" | "refused";

interface Contradiction {
  /** Occurs in the samples that contradict the text. */
  readonly word: string;
  readonly why: string;
  readonly demand: Demand;
  /** The octets of those samples are fine, only the verdict is not. */
  readonly onlyValidation: boolean;
}

const UNKNOWN_KEY = "a key that is not in the text: it must be kept and never looked at, whatever it holds";
const CONTRADICTIONS: readonly Contradiction[] = [
  {
    word: "enc_",
    why: "the payload takes the place of Args, which the text has as a list; passthru has ppt_* keys there",
    demand: "refused",
    onlyValidation: false,
  },
  ...["transaction_hash", "x_acknowledged_delivery", "forward_for"].map(
    (word) => ({ word, why: UNKNOWN_KEY, demand: "kept", onlyValidation: true }) as const,
  ),
];
const UNKNOWN_CODE = {
  why: "code 337 is not in the text: an unknown message is a violation",
  demand: "refused",
} as const;

/** The suite's names of our fields, where they differ. */
const ATTRIBUTES: Readonly<Record<string, string>> = {
  request_id: "request",
  request_type: "requestType",
  publication_id: "publication",
  subscription_id: "subscription",
  registration_id: "registration",
  session_id: "session",
};

const NAMES: readonly SerializerName[] = ["json", "msgpack", "cbor"];
const folder = shared("wamp-vectors/singlemessage");

function files(from: string): (readonly [string, VectorFile])[] {
  return ["basic", "advanced"].flatMap((level) =>
    readdirSync(join(from, level)).map((name) => {
      const parsed = JSON.parse(readFileSync(join(from, level, name), "utf8")) as VectorFile; // the suite's own schema
      return [`${level}/${name}`, parsed] as const;
    }),
  );
}

function contradiction(
  file: VectorFile,
  sample: Sample,
): { readonly why: string; readonly demand: Demand } | undefined {
  if (file.wamp_message_type === "EVENT_RECEIVED") return UNKNOWN_CODE;
  const text = JSON.stringify(sample);
  return CONTRADICTIONS.find(
    ({ word, onlyValidation }) => text.includes(word) && (!onlyValidation || sample.wmsg !== undefined),
  );
}

function octetsOf({ bytes, bytes_hex }: Octets): Uint8Array {
  return bytes_hex === undefined ? Buffer.from(bytes ?? "") : Buffer.from(bytes_hex, "hex");
}

function attribute(message: Message, name: string): unknown {
  const fields = message as unknown as Readonly<Record<string, unknown>>; // looked up by the names of the suite
  if (name === "message_type") return messageTable[message.type].code;
  if (name === "args") return "payload" in message && message.payload.elements > 0 ? message.payload.args : null;
  if (name === "kwargs") return "payload" in message && message.payload.elements > 1 ? message.payload.kwargs : null;
  if (name === "payload") return null;
  if (name === "roles") return (fields["details"] as Readonly<Record<string, unknown>>)["roles"]; // HELLO and WELCOME
  return fields[ATTRIBUTES[name] ?? name];
}

function checkSerialization(name: SerializerName, sample: Sample): void {
  const serializer = serializers[name];
  const variants = (sample.serializers?.[name] ?? []).map(octetsOf);
  assert.ok(variants.length > 0, `a variant of ${name}`);
  for (const variant of variants) {
    const message = serializer.parse(variant);
    for (const [key, expected] of Object.entries(sample.expected_attributes ?? {})) {
      assert.deepEqual(attribute(message, key), expected, key);
    }
    const octets = Buffer.from(serializer.marshal(message)).toString("hex");
    assert.ok(
      variants.some((each) => Buffer.from(each).toString("hex") === octets),
      `${octets} is one of the variants`,
    );
    for (const other of Object.values(serializers)) {
      const crossed = other.parse(other.marshal(message));
      for (const [key, expected] of Object.entries(sample.expected_attributes ?? {})) {
        assert.deepEqual(attribute(crossed, key), expected, `${key} by way of ${other.name}`);
      }
    }
  }
}

function checkValidation(sample: Sample): void {
  for (const name of NAMES) {
    const octets = rawOctets(name, sample.wmsg);
    const { expected_error: error } = sample;
    if (!error) assert.doesNotThrow(() => serializers[name].parse(octets), name);
    else {
      assert.throws(
        () => serializers[name].parse(octets),
        (thrown) => thrown instanceof ProtocolViolation && thrown.message.includes(error.contains),
        name,
      );
    }
  }
}

/** A sample that contradicts the text, treated as the text has it. */
function checkDemand(sample: Sample, demand: Demand): void {
  for (const name of NAMES) {
    const variants = (sample.serializers?.[name] ?? []).map(octetsOf);
    for (const octets of sample.wmsg ? [rawOctets(name, sample.wmsg)] : variants) {
      if (demand === "refused") {
        assert.throws(() => serializers[name].parse(octets), ProtocolViolation, name);
        continue;
      }
      const [, , , options] = sample.wmsg ?? [];
      const dict = typeof options === "object" ? options : sample.wmsg?.[2];
      const message = serializers[name].parse(octets);
      assert.deepEqual(attribute(message, "details" in message ? "details" : "options"), dict, name);
    }
  }
}

/** How many variants there are for serializers that are not spoken here. */
function unspoken(sample: Sample): number {
  const others = Object.entries(sample.serializers ?? {}).filter(([name]) => !(name in serializers));
  return others.reduce((sum, [, variants]) => sum + variants.length, 0);
}

describe(
  "samples of the WAMP test suite",
  { skip: folder ? false : "no wamp-vectors; PINION_SHARED says where" },
  () => {
    const counts = { serialization: 0, validation: 0, beyond: 0, contradictions: 0, unspoken: 0 };
    const listed: string[] = [];
    for (const [file, content] of folder ? files(folder) : []) {
      for (const sample of content.samples) {
        counts.unspoken += unspoken(sample);
        const contradicts = contradiction(content, sample);
        if (contradicts !== undefined) {
          const { why, demand } = contradicts;
          const agrees = demand === "kept" && sample.expected_error === undefined;
          if (agrees) {
            counts.beyond++;
            test(`${file}: ${sample.description}`, () => checkDemand(sample, demand));
            continue;
          }
          counts.contradictions++;
          listed.push(`${file}: ${sample.description}: ${why}`);
          test(`${file}: ${sample.description} (not as it stands; ${demand})`, () => checkDemand(sample, demand));
        } else if (sample.wmsg) {
          counts.validation++;
          test(`${file}: ${sample.description}`, () => checkValidation(sample));
        } else {
          counts.serialization++;
          for (const name of NAMES) {
            test(`${file}: ${sample.description} (${name})`, () => checkSerialization(name, sample));
          }
        }
      }
    }

    test("30 serialization, 46 validation and 9 samples of unknown keys were checked; the others are listed with the reason", (t) => {
      for (const line of listed) t.diagnostic(`skipped as it stands: ${line}`);
      t.diagnostic(`skipped: ${counts.unspoken} variants in UBJSON and FlatBuffers, which Pinion does not speak`);
      assert.deepEqual(counts, { serialization: 30, validation: 46, beyond: 9, contradictions: 17, unspoken: 104 });
    });
  },
);
