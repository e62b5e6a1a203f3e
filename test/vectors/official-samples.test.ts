/** The single-message samples of the WAMP test suite, read from beside the project; no copy of them is kept here. */
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

/** Samples that contradict the specification's text, by a word that occurs in them. */
const SKIPPED: readonly (readonly [word: string, why: string, onlyValidation: boolean])[] = [
  ["enc_algo", "the payload takes the place of Args, where the text has ppt_* keys and a list", false],
  ["enc_serializer", "as enc_algo", false],
  ["transaction_hash", "not in the text, so an unknown key, which must be ignored whatever it holds", true],
  ["x_acknowledged_delivery", "not in the text, so an unknown key, which must be ignored whatever it holds", true],
  ["forward_for", "not in the text, so an unknown key, which must be ignored whatever it holds", true],
];

/** The suite's names of our fields, where they differ. */
const ATTRIBUTES: Readonly<Record<string, string>> = {
  request_id: "request",
  request_type: "requestType",
  publication_id: "publication",
  subscription_id: "subscription",
  registration_id: "registration",
  session_id: "session",
};

const folder = shared("wamp-vectors/singlemessage");

function files(from: string): (readonly [string, VectorFile])[] {
  return ["basic", "advanced"].flatMap((level) =>
    readdirSync(join(from, level)).map((name) => {
      const parsed = JSON.parse(readFileSync(join(from, level, name), "utf8")) as VectorFile; // the suite's own schema
      return [`${level}/${name}`, parsed] as const;
    }),
  );
}

function whySkipped(file: VectorFile, sample: Sample): string | undefined {
  if (file.wamp_message_type === "EVENT_RECEIVED") return "code 337 is not in the text";
  const text = JSON.stringify(sample);
  return SKIPPED.find(([word, , only]) => text.includes(word) && (!only || sample.wmsg !== undefined))?.[1];
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
  for (const name of ["json", "msgpack", "cbor"] as const) {
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

describe(
  "samples of the WAMP test suite",
  { skip: folder ? false : "no wamp-vectors; PINION_SHARED says where" },
  () => {
    const counts = { serialization: 0, validation: 0 };
    for (const [file, content] of folder ? files(folder) : []) {
      for (const sample of content.samples) {
        const why = whySkipped(content, sample);
        if (why !== undefined) {
          test(`${file}: ${sample.description}`, { skip: why });
        } else if (sample.wmsg) {
          counts.validation++;
          test(`${file}: ${sample.description}`, () => checkValidation(sample));
        } else {
          counts.serialization++;
          for (const name of ["json", "msgpack", "cbor"] as const) {
            test(`${file}: ${sample.description} (${name})`, () => checkSerialization(name, sample));
          }
        }
      }
    }

    test("30 serialization and 46 validation samples were checked", () => {
      assert.deepEqual(counts, { serialization: 30, validation: 46 });
    });
  },
);
