/**
 * A program in parts, as CommonJS. esbuild splits at each dynamic import only when it writes ES modules, so each part is made as
 * one and then turned into CommonJS: a part is read, compiled and kept in memory only where what is in it is used. One file of all
 * takes 6 MB more while Node reads it, which the process then keeps, and as much again for code that a board never runs. A package that
 * is replaced takes its parts away from the process that runs: what a board may come to need by itself, it loads at its start.
 */
import { transform, type Metafile, type Plugin } from "esbuild";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { joinParts } from "./join-parts.ts";

export const commonJsParts: Plugin = {
  name: "common-js-parts",
  setup(build) {
    const { initialOptions } = build;
    const { absWorkingDir = process.cwd(), target, write = true } = initialOptions;
    // by their full names it is seen which variables are assigned to again; they are shortened afterwards
    initialOptions.minify = false;
    initialOptions.minifySyntax = true;
    initialOptions.minifyWhitespace = true;
    build.onEnd(async ({ errors, metafile, outputFiles = [] }) => {
      if (errors.length > 0 || metafile === undefined) return;
      const inMemory = new Map(outputFiles.map((file) => [file.path, file]));
      const read = (path: string): string => {
        const file = join(absWorkingDir, path);
        return inMemory.get(file)?.text ?? readFileSync(file, "utf8");
      };
      for (const [path, text] of joinParts(scriptsOf(metafile), read)) {
        const code = await shortened(text, target);
        const file = join(absWorkingDir, path);
        const held = inMemory.get(file);
        if (held !== undefined) held.contents = Buffer.from(code);
        if (write) writeFileSync(file, code);
      }
    });
  },
};

function scriptsOf({ outputs }: Metafile): Metafile["outputs"] {
  return Object.fromEntries(Object.entries(outputs).filter(([path]) => path.endsWith(".cjs")));
}

async function shortened(text: string, target: string | string[] | undefined): Promise<string> {
  const { code } = await transform(text, {
    format: "cjs",
    platform: "node",
    ...(target === undefined ? {} : { target }),
    minify: true,
    legalComments: "none",
    // of Node's own modules: becomes a require, which waits for nothing
    supported: { "dynamic-import": false },
    // told when the parts were made
    logLevel: "silent",
  });
  return code;
}
