/**
 * The part of `yaml` that reads. Pinion's programs never write YAML and read only that of version 1.2, by its core schema: the
 * writers and the further schemas are a third of the package, and would be loaded by each.
 */
import type { Plugin } from "esbuild";
import { existsSync } from "node:fs";
import { join } from "node:path";

const PLACE = "yaml/browser/dist";

/** To be left out: what writes a document, and what builds or walks one that was not read. */
export const yamlWriters: readonly string[] = [
  "doc/createNode",
  "parse/cst-visit",
  "stringify/foldFlowLines",
  "stringify/stringify",
  "stringify/stringifyCollection",
  "stringify/stringifyComment",
  "stringify/stringifyDocument",
  "stringify/stringifyNumber",
  "stringify/stringifyPair",
  "stringify/stringifyString",
].map((file) => `${PLACE}/${file}.js`);

/** In the place of its table of all schemas. */
const CORE_ONLY = `
import { schema } from "./core/schema.js";
export const coreKnownTags = {};
export function getTags(custom, name) {
  if (name !== "core" || custom) throw new Error("of YAML's schemas only core is part of this program");
  return schema.slice();
}
`;

/** @throws Error if the table is not where it was: all schemas would come back in silence. */
export function coreSchemaOnly(packages: string): Plugin {
  const table = join(packages, PLACE, "schema/tags.js");
  if (!existsSync(table)) throw new Error(`${table} is missing: where does yaml keep its schemas now?`);
  return {
    name: "core-schema-only",
    setup(build) {
      build.onLoad({ filter: /schema[/\\]tags\.js$/ }, ({ path }) =>
        path === table ? { contents: CORE_ONLY, resolveDir: join(table, "..") } : undefined,
      );
    },
  };
}
