/**
 * TypeBox's check of `format: uri` and its like, without the formats themselves: these are known to it once device/guest/schemas-of-others.ts
 * is loaded. Its registry fills itself when it is loaded otherwise, with 13 KB that no schema of ours uses.
 */
import type { Plugin } from "esbuild";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** In a file, what is there and what is to be there. */
const CHANGES: readonly (readonly [file: string, from: RegExp, to: string])[] = [
  // the imports too: a file lands in a part by all that imports it, used or not
  ["format/_registry.mjs", /^(?:import \{ Is\w+ \}.*\n)+/, ""],
  ["format/_registry.mjs", /^export function Reset\(\) \{[^}]*\}\s*Reset\(\);\s*$/m, ""],
  // the whole of the package as one object otherwise, of which nothing can be left out
  [
    "schema/engine/format.mjs",
    /^import \{ Format \} from '..\/..\/format\/index.mjs';$/m,
    "import * as Format from '../../format/_registry.mjs';",
  ],
];

/** @throws Error if a file is not as it was: the formats would come back in silence. */
export function formatsOnDemand(packages: string): Plugin {
  const changed = new Map<string, string>();
  for (const [file, from, to] of CHANGES) {
    const path = join(packages, "typebox/build", file);
    const text = changed.get(path) ?? readFileSync(path, "utf8");
    if (!from.test(text)) throw new Error(`${path} is not as it was: how does TypeBox find its formats now?`);
    changed.set(path, text.replace(from, to));
  }
  return {
    name: "formats-on-demand",
    setup(build) {
      build.onLoad({ filter: /typebox.*\.mjs$/, namespace: "file" }, ({ path }) => {
        const contents = changed.get(path);
        return contents === undefined ? undefined : { contents };
      });
    },
  };
}
