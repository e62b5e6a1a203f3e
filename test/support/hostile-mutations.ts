/**
 * What a hostile peer makes of a message: each element missing, null, of every wrong type, huge, too deep, out of range;
 * each predefined key of Options and Details the same; elements too many. Each mutation says what must become of it.
 */
import type { CatalogueEntry, FieldKind, KeyKind } from "./wamp-catalogue.ts";
import { rightMessage } from "./wamp-catalogue.ts";

/**
 * `violation`: ABORT protocol_violation. `invalid_uri`: the URI alone is wrong. `lives`: nothing is wrong with the form;
 * what it means is another question, but the session goes on.
 */
export type Verdict = "violation" | "invalid_uri" | "lives";

export interface Mutation {
  readonly name: string;
  readonly list: readonly unknown[];
  readonly verdict: Verdict;
}

/** `bad_uri` and `long_uri` are for a request to be answered with ERROR; elsewhere only the first is a violation. */
type Value = readonly [name: string, value: unknown, verdict: Verdict | "bad_uri" | "long_uri"];

const BINARY = Uint8Array.of(1, 2, 3);
const HUGE_STRING = "x".repeat(200_000);
/** Depth counts from the element: the message itself is not counted. */
export const TOO_DEEP = 65;

export function deepList(depth: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = [value];
  return value;
}

export function deepDict(depth: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = { a: value };
  return value;
}

const TYPES: readonly (readonly [kind: string, value: unknown])[] = [
  ["null", null],
  ["a string", "7"],
  ["an integer", 7],
  ["a fraction", 1.5],
  ["a boolean", true],
  ["a list", []],
  ["a dict", {}],
  ["binary", BINARY],
];

/** Every type but those named; null is a verdict of its own. */
function wrongTypes(right: readonly string[], ofNull: Verdict): Value[] {
  return TYPES.filter(([kind]) => !right.includes(kind)).map(([kind, value]) => [
    kind,
    value,
    kind === "null" ? ofNull : "violation",
  ]);
}

const BAD_IDS: readonly Value[] = [
  ["0", 0, "violation"],
  ["-1", -1, "violation"],
  ["2^53+1", 2n ** 53n + 1n, "violation"],
  ["2^53+2", 2n ** 53n + 2n, "violation"],
  ["2^64-1", 2n ** 64n - 1n, "violation"],
  ["a huge float", 1e300, "violation"],
];

const URI_FAULTS = ["", ".", "a..b", "a b", "a#b", ".a", "a.", "a\n", "\u00a0", "a.\ud7ff b"];

function uriValues(): Value[] {
  const wrong: Value[] = URI_FAULTS.map((uri) => [JSON.stringify(uri), uri, "bad_uri"]);
  const long: Value[] = [513, 70_000].map((length) => [`${length} characters`, "u".repeat(length), "long_uri"]);
  const components: Value = ["100,000 components", `${"a.".repeat(100_000)}a`, "long_uri"];
  return [...wrongTypes(["a string"], "violation"), ...wrong, ...long, components];
}

/** Where any id may stand: the peer may name what is over, or begins to count as it likes. */
const ANY_ID = new Set(["CANCEL", "INTERRUPT", "INVOCATION"]);

function fieldValues(kind: FieldKind, name: string, { type, from }: CatalogueEntry): Value[] {
  switch (kind) {
    case "id":
      // the greatest id is legal, but no request of a young session has it
      return [
        ...wrongTypes(["an integer"], "violation"),
        ...BAD_IDS,
        ["2^53", 2n ** 53n, name === "request" && !ANY_ID.has(type) ? "violation" : "lives"],
      ];
    case "request-type":
      return [
        ...wrongTypes(["an integer"], "violation"),
        ...[0, 1, 17, 36, 50, 255, 2 ** 40, from === "router" ? 68 : 48].map((code): Value => [
          `code ${code}`,
          code,
          "violation",
        ]),
      ];
    case "uri":
    case "pattern":
      return uriValues();
    case "string":
      return wrongTypes(["a string"], "violation");
    case "dict":
      break;
  }
  return [
    ...wrongTypes(["a dict"], "violation"),
    ["a list of pairs", [["a", 1]], "violation"],
    ["dicts too deep", deepDict(TOO_DEEP), "violation"],
    ["dicts far too deep", deepDict(1000), "violation"],
    ["lists too deep in it", { x_deep: deepList(TOO_DEEP) }, "violation"],
  ];
}

const WORDS: Partial<Record<KeyKind, readonly string[]>> = {
  match: ["exact", "prefix", "wildcard"],
  invoke: ["single", "first", "last", "random", "roundrobin"],
  mode: ["skip", "kill", "killnowait"],
};

/** A predefined key that holds null counts as absent. */
function keyValues(kind: KeyKind): Value[] {
  switch (kind) {
    case "bool":
      return [...wrongTypes(["a boolean"], "lives"), ["0", 0, "violation"], ["'true'", "true", "violation"]];
    case "count":
      return [...wrongTypes(["an integer"], "lives"), ["-1", -1, "violation"]];
    case "id":
      return [...wrongTypes(["an integer"], "lives"), ...BAD_IDS];
    case "string":
      return wrongTypes(["a string"], "lives");
    case "uri":
      return [...wrongTypes(["a string"], "lives"), ["no URI", "a..b", "violation"]];
    case "dict":
      return wrongTypes(["a dict"], "lives");
    case "ids":
      return [
        ...wrongTypes(["a list"], "lives"),
        ...TYPES.filter(([type]) => type !== "an integer").map(([type, value]): Value => [
          `a list of ${type}`,
          [1, value],
          "violation",
        ]),
        ["a list of 0", [0], "violation"],
        ["50,000 ids", Array.from({ length: 50_000 }, (_, i) => i + 1), "lives"],
      ];
    case "strings":
      return [
        ...wrongTypes(["a list"], "lives"),
        ...TYPES.filter(([type]) => type !== "a string").map(([type, value]): Value => [
          `a list of ${type}`,
          ["a", value],
          "violation",
        ]),
      ];
    case "roles":
      return roleValues();
    default:
      return [
        ...wrongTypes([], "lives"),
        ["another word", "sometimes", "violation"],
        ["no word", "", "violation"],
        ...(WORDS[kind] ?? []).map((word): Value => [`${word} in capitals`, word.toUpperCase(), "violation"]),
      ];
  }
}

function roleValues(): Value[] {
  const values: Value[] = [...wrongTypes([], "violation"), ["no role of that side", { singer: {} }, "violation"]];
  for (const role of ["caller", "broker"]) {
    for (const [type, value] of TYPES) {
      if (type === "a dict") continue;
      values.push([`${role}: ${type}`, { [role]: value }, "violation"]);
      if (type !== "null") values.push([`features of ${role}: ${type}`, { [role]: { features: value } }, "violation"]);
    }
  }
  return values;
}

/** The element of a message that holds the predefined keys. */
function dictIndex(entry: CatalogueEntry): number {
  return 1 + entry.fields.findIndex(([, kind]) => kind === "dict");
}

/** A wrong URI is answered with ERROR, or ABORT of that reason for a realm, where something was asked for. */
function verdictFor(entry: CatalogueEntry, verdict: Value[2]): Verdict {
  if (verdict !== "bad_uri" && verdict !== "long_uri") return verdict;
  if (entry.request || entry.type === "HELLO") return "invalid_uri";
  return verdict === "bad_uri" ? "violation" : "lives";
}

/** Every mutation of one message, made of its right form under `requestId`. */
export function* mutationsOf(entry: CatalogueEntry, requestId: number): Generator<Mutation> {
  const right = rightMessage(entry, requestId);
  const label = (words: string): string => `${entry.type} with ${words}`;
  for (let length = 1; length < right.length; length++) {
    const missing = entry.fields[length - 1]?.[0] ?? "";
    yield { name: label(`${missing} and what follows missing`), list: right.slice(0, length), verdict: "violation" };
  }
  for (const [index, [field, kind]] of entry.fields.entries()) {
    yield {
      name: label(`${field} left out from the middle`),
      list: right.toSpliced(index + 1, 1),
      verdict: "violation",
    };
    for (const [words, value, verdict] of fieldValues(kind, field, entry)) {
      yield {
        name: label(`${field}: ${words}`),
        list: right.with(index + 1, value),
        verdict: verdictFor(entry, verdict),
      };
    }
  }
  yield* payloadMutations(entry, right, label);
  const at = dictIndex(entry);
  for (const [key, kind] of Object.entries(entry.keys)) {
    for (const [words, value, verdict] of keyValues(kind)) {
      const dict = { ...(right[at] as object), [key]: value }; // the element of that kind
      yield { name: label(`${key}: ${words}`), list: right.with(at, dict), verdict: verdictFor(entry, verdict) };
    }
  }
  if (at > 0) yield* dictMutations(right, at, label);
}

function* payloadMutations(
  entry: CatalogueEntry,
  right: readonly unknown[],
  label: (words: string) => string,
): Generator<Mutation> {
  // those two may have one more, which says what was revoked
  const revocation = entry.type === "UNSUBSCRIBED" || entry.type === "UNREGISTERED" ? [{}] : [];
  const full = entry.payload ? [[1], { a: 1 }] : revocation;
  yield { name: label("an element too many"), list: [...right, ...full, null], verdict: "violation" };
  yield {
    name: label("a thousand elements too many"),
    list: [...right, ...full, ...Array.from({ length: 1000 }, () => ({}))],
    verdict: "violation",
  };
  if (!entry.payload) return;
  const args: readonly Value[] = [
    // what a client sends, and its answers; ABORT ends everything anyway
    ...wrongTypes(["a list"], entry.from === "router" || entry.type === "ABORT" ? "lives" : "violation"),
    ["too deep", deepList(TOO_DEEP), "violation"],
    ["far too deep", deepList(1000), "violation"],
    ["huge", [HUGE_STRING], "lives"],
    ["of 100,000 items", Array.from({ length: 100_000 }, () => null), "lives"],
  ];
  for (const [words, value, verdict] of args) {
    yield { name: label(`Args: ${words}`), list: [...right, value], verdict: verdictFor(entry, verdict) };
  }
  const kwargs: readonly Value[] = [
    ...wrongTypes(["a dict"], "lives"),
    ["too deep", deepDict(TOO_DEEP), "violation"],
    ["huge", { k: HUGE_STRING }, "lives"],
    ["prototypes", JSON.parse('{"__proto__":{"a":1},"constructor":2}'), "lives"],
  ];
  for (const [words, value, verdict] of kwargs) {
    yield { name: label(`KwArgs: ${words}`), list: [...right, [], value], verdict: verdictFor(entry, verdict) };
  }
}

function* dictMutations(right: readonly unknown[], at: number, label: (words: string) => string): Generator<Mutation> {
  const own = right[at] as object; // dictIndex says so
  const kept: readonly (readonly [string, object])[] = [
    ["unknown keys", { x_own: [1, { a: null }], _mine: "y", "": 1, "\u0000": 2, constructor: 3, toString: null }],
    [
      "__proto__",
      JSON.parse('{"__proto__":{"acknowledge":1,"match":"x","mode":"x","progress":1,"roles":1}}') as object,
    ], // a dict
    ["a huge unknown value", { x_big: HUGE_STRING }],
    ["2,000 unknown keys", Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`x_${i}`, i]))],
  ];
  for (const [words, extra] of kept) {
    const dict = Object.defineProperties({}, Object.getOwnPropertyDescriptors(own));
    Object.defineProperties(dict, Object.getOwnPropertyDescriptors(extra));
    yield { name: label(words), list: right.with(at, dict), verdict: "lives" };
  }
}
