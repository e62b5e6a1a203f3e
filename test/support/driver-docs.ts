/**
 * `node test/support/driver-docs.ts`: writes the options of each driver into drivers/README.md, between its markers, out of the
 * schema that checks them. A test compares the two.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TSchema } from "typebox";
import { allowedWords } from "../../drivers/config-issues.ts";
import { loadDrivers } from "../../drivers/index.ts";

const file = join(import.meta.dirname, "../../drivers/README.md");

/** What the table tells of a schema; every keyword may be missing. */
interface Node {
  readonly description?: string;
  readonly default?: unknown;
  readonly unit?: string;
  readonly anyOf?: readonly TSchema[];
  readonly properties?: Readonly<Record<string, TSchema>>;
  readonly patternProperties?: Readonly<Record<string, TSchema>>;
  readonly required?: readonly string[];
  readonly items?: TSchema;
  readonly allowed?: string;
}

// a schema is an open record by JSON Schema's own definition; Node makes every keyword of interest optional
const nodeOf = (schema: TSchema): Node => schema;

interface Row {
  readonly path: string;
  readonly required: boolean;
  readonly schema: TSchema;
}

/** Mappings first as a whole where they have something to say, then what is in them. */
function rowsOf({ path, schema, required }: Row): readonly Row[] {
  const { properties, patternProperties, items, anyOf } = nodeOf(schema);
  if (properties) {
    const inner = Object.entries(properties).flatMap(([key, one]) => {
      const needed = nodeOf(schema).required?.includes(key) ?? false;
      return rowsOf({ path: path === "" ? key : `${path}.${key}`, schema: one, required: needed });
    });
    return inner;
  }
  const named = Object.values(patternProperties ?? {})[0];
  if (named) return [{ path, schema, required }, ...rowsOf({ path: `${path}.<name>`, schema: named, required: true })];
  if (items && nodeOf(items).properties) {
    return [{ path, schema, required }, ...rowsOf({ path: `${path}[]`, schema: items, required: true })];
  }
  const objects = (anyOf ?? []).filter((one) => nodeOf(one).properties);
  if (objects.length === 0) return [{ path, schema, required }];
  const inner = objects.flatMap((one) => rowsOf({ path, schema: one, required: true }));
  const once = new Map(inner.map((row) => [row.path, { ...row, required: false }]));
  return [{ path, schema, required }, ...once.values()];
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", "\\n");

function line({ path, required, schema }: Row): string {
  const { description = path.endsWith(".stream") ? "Name of the stream" : "", unit } = nodeOf(schema);
  const preset = nodeOf(schema).default;
  const usual = preset === undefined ? (required ? "required" : "") : `\`${JSON.stringify(preset)}\``;
  // how durations are written is told once, at the top of the page
  const allowed = allowedWords(schema).replace(/ \(milliseconds, or text .*\)$/, "");
  const limits = `${allowed}${unit === undefined || unit === "ms" ? "" : ` (${unit})`}`;
  return `| \`${path}\` | ${cell(usual)} | ${cell(limits)} | ${cell(description)} |`;
}

/** The table of one driver. */
export function optionTable(schema: TSchema): string {
  const rows = rowsOf({ path: "", schema, required: true });
  return ["| option | default | allowed | what |", "|---|---|---|---|", ...rows.map(line)].join("\n");
}

const definitions = await loadDrivers();

/** The text with each table renewed. @throws Error for a driver without a place in it. */
export function withTables(text: string): string {
  let renewed = text;
  for (const { kind, configSchema } of definitions) {
    const [start, end] = [`<!-- options of ${kind} -->`, `<!-- end of ${kind} -->`];
    const from = renewed.indexOf(start);
    const to = renewed.indexOf(end);
    if (from < 0 || to < from) throw new Error(`drivers/README.md has no place for ${kind}: ${start} and ${end}`);
    renewed = `${renewed.slice(0, from)}${start}\n${optionTable(configSchema)}\n${renewed.slice(to)}`;
  }
  return renewed;
}

if (import.meta.main) writeFileSync(file, withTables(readFileSync(file, "utf8")));
