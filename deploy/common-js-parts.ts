/**
 * A program in parts, as CommonJS. esbuild splits at each dynamic import only when it writes ES modules, so each part is made as
 * one and then turned into CommonJS: a part is read, compiled and kept in memory only where what is in it is used. One file of all
 * takes 6 MB more while Node reads it, which the process then keeps, and as much again for code that a board never runs.
 */
import { transform, type Plugin } from "esbuild";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const commonJsParts: Plugin = {
  name: "common-js-parts",
  setup(build) {
    const { absWorkingDir = process.cwd(), target, write = true } = build.initialOptions;
    build.onEnd(async ({ errors, metafile, outputFiles }) => {
      if (errors.length > 0) return;
      if (!write) {
        for (const file of outputFiles ?? []) {
          if (file.path.endsWith(".cjs")) file.contents = Buffer.from(await inCommonJs(file.text, target));
        }
        return;
      }
      for (const path of Object.keys(metafile?.outputs ?? {})) {
        const file = join(absWorkingDir, path);
        if (file.endsWith(".cjs")) writeFileSync(file, await inCommonJs(readFileSync(file, "utf8"), target));
      }
    });
  },
};

/** A part that is a CommonJS package has only a default export; by an import that is answered with its names as well. */
const IS_PACKAGE = /export default [\w$]+\(\);?\s*(?:\/\/.*\s*)?$/;
const WITH_NAMES =
  ";{const all=module.exports.default;for(const name of Object.keys(Object(all)))" +
  "name in module.exports||Object.defineProperty(module.exports,name,{enumerable:true,get:()=>all[name]})}\n";

async function inCommonJs(text: string, target: string | string[] | undefined): Promise<string> {
  const { code } = await transform(text, {
    format: "cjs",
    platform: "node",
    ...(target === undefined ? {} : { target }),
    minify: true,
    legalComments: "none",
    // becomes a require, which waits for nothing and is answered from the parts beside it
    supported: { "dynamic-import": false },
    // told when the parts were made
    logLevel: "silent",
  });
  return IS_PACKAGE.test(text) ? code + WITH_NAMES : code;
}
