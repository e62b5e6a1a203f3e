/**
 * One file's import of a package as a copy of its own. Parts share modules, and what one part needs of a module, each part that
 * touches the module gets: drivers of others are offered the whole of TypeBox, of which the board itself uses a fifth.
 */
import type { Plugin } from "esbuild";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";

const NAMESPACE = "own-copy";

/** @param importer The path of the one file. @throws Error if it is not there: it would lose its copy in silence. */
export function ownCopy(packageName: string, importer: string): Plugin {
  if (!existsSync(importer)) throw new Error(`${importer} is missing: who imports ${packageName} as a whole now?`);
  return {
    name: NAMESPACE,
    setup(build) {
      const { absWorkingDir = process.cwd() } = build.initialOptions;
      build.onResolve({ filter: new RegExp(`^${packageName}$`) }, async (args) => {
        if (args.pluginData === NAMESPACE || args.importer !== importer) return undefined;
        const { kind, resolveDir } = args;
        const { path } = await build.resolve(args.path, {
          kind,
          resolveDir,
          importer: args.importer,
          pluginData: NAMESPACE,
        });
        // below the sources: a part's name comes from the paths in it, and must not tell where the sources lie
        return { path: relative(absWorkingDir, path), namespace: NAMESPACE };
      });
      build.onResolve({ filter: /^\./, namespace: NAMESPACE }, (args) => ({
        path: join(dirname(args.importer), args.path),
        namespace: NAMESPACE,
      }));
      build.onLoad({ filter: /.*/, namespace: NAMESPACE }, async ({ path }) => ({
        contents: await readFile(join(absWorkingDir, path)),
      }));
    },
  };
}
