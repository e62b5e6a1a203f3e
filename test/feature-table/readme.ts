/**
 * The table of features in the README, made from live facts. `node test/feature-table/readme.ts` writes it; a test compares.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BINDINGS, CALL_FLAGS, EVENT_FLAGS, META_EVENT_ROWS, META_ROWS, METHOD_ROWS, TRANSPORT_ROWS } from "./asked.ts";
import { liveFacts, type LiveFacts } from "./live-facts.ts";

const BEGIN = "<!-- features: written by test/feature-table/readme.ts, do not edit -->";
const END = "<!-- /features -->";
const README = join(import.meta.dirname, "../../README.md");

export function readReadme(): string {
  return readFileSync(README, "utf8");
}

/** What stands between the markers. @throws when they are missing. */
export function tableIn(readme: string): string {
  const [from, to] = bounds(readme);
  return readme.slice(from, to);
}

function bounds(readme: string): readonly [number, number] {
  const [from, to] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`README.md lacks the markers ${BEGIN} and ${END}`);
  return [from + BEGIN.length, to];
}

/** The whole table, with an empty line at both ends. */
export function tableFrom(facts: LiveFacts): string {
  const parts = [
    table("Calls", ["announced by the dealer", "router", "client"], flagRows(CALL_FLAGS, facts.router.dealer, facts)),
    table("Events", ["announced by the broker", "router", "client"], flagRows(EVENT_FLAGS, facts.router.broker, facts)),
    table("Meta API", ["procedures or topics", "router"], metaRows(facts)),
    table("Authentication", ["authmethod or channel binding", "router"], methodRows(facts)),
    table("Transports", ["", "router", "serializers"], transportRows(facts)),
  ];
  return `\n\n${parts.join("\n\n")}\n\n`;
}

type Row = readonly string[];

function table(title: string, columns: readonly string[], rows: readonly Row[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const head = [title, ...columns];
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

const code = (text: string): string => `\`${text}\``;
const said = (yes: boolean): string => (yes ? "yes" : "no");

/** Known flags in their order, then whatever else is announced. A client has nothing to announce for some of them. */
function flagRows(titles: Readonly<Record<string, string>>, announced: ReadonlySet<string>, facts: LiveFacts): Row[] {
  const flags = new Set([...Object.keys(titles), ...announced]);
  return Array.from(flags, (flag) => [
    titles[flag] ?? flag,
    code(flag),
    said(announced.has(flag)),
    facts.client.has(flag) ? "yes" : "",
  ]);
}

function metaRows({ served, told }: LiveFacts): Row[] {
  const rows = (titles: Readonly<Record<string, readonly string[]>>, live: ReadonlySet<string>): Row[] =>
    Object.entries(titles).map(([title, uris]) => {
      const names = uris.map(code).join(", ");
      return [title, names, said(uris.every((uri) => live.has(uri)))];
    });
  return [...rows(META_ROWS, served), ...rows(META_EVENT_ROWS, told)];
}

function methodRows({ methods, bindings }: LiveFacts): Row[] {
  const named = Object.entries(METHOD_ROWS).map(([method, title]) => [title, code(method), said(methods.has(method))]);
  const bound = BINDINGS.map((binding) => [
    "Cryptosign bound to its TLS connection",
    code(binding),
    said(bindings.has(binding)),
  ]);
  return [...named, ...bound];
}

const SPELT: Readonly<Record<string, string>> = { json: "JSON", msgpack: "MessagePack", cbor: "CBOR" };

function transportRows({ transports }: LiveFacts): Row[] {
  return Object.entries(transports).map(([name, serializers]) => {
    const [title, address] = TRANSPORT_ROWS[name as keyof typeof transports]; // its own keys
    return [title, address, said(serializers.length > 0), serializers.map((one) => SPELT[one] ?? one).join(", ")];
  });
}

if (process.argv[1] === import.meta.filename) {
  const readme = readReadme();
  const [from, to] = bounds(readme);
  const made = tableFrom(await liveFacts());
  writeFileSync(README, readme.slice(0, from) + made + readme.slice(to));
  console.log(made === readme.slice(from, to) ? "README.md: the table of features is as it was" : "README.md: written");
}
