/** Packages, and single files of packages, that a program's dependencies load at their start though this program never uses them. */
import type { Plugin } from "esbuild";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const PACKAGES = join(import.meta.dirname, "../node_modules");

/**
 * A package becomes a class: whoever tests against it gets no, whoever makes one is told what is missing. So does a file of a
 * package (`pino/lib/transport.js`); of an ES module each export becomes a function that refuses.
 * @throws Error if such a file is not there: it would come back in silence with the package's next version.
 */
export function leavingOut(names: readonly string[]): Plugin {
  const files = new Set(names.filter((name) => name.endsWith(".js")).map((name) => join(PACKAGES, name)));
  const missing = [...files].filter((file) => !existsSync(file));
  if (missing.length > 0) throw new Error(`${missing.join(", ")}: what is to be left out is not there`);
  const packages = names.filter((name) => !name.endsWith(".js"));
  return {
    name: "leaving-out",
    setup(build) {
      if (packages.length > 0) {
        build.onResolve({ filter: new RegExp(`^(${packages.join("|")})$`) }, ({ path }) => ({
          path,
          namespace: "unused",
        }));
        build.onLoad({ filter: /.*/, namespace: "unused" }, ({ path }) => ({ contents: refusingClass(path) }));
      }
      if (files.size === 0) return;
      build.onLoad({ filter: /node_modules.*\.js$/ }, ({ path }) => {
        if (!files.has(path)) return undefined;
        const name = path.slice(PACKAGES.length + 1);
        const exported = /^export \{(.*)\};?$/m.exec(readFileSync(path, "utf8"))?.[1]?.split(",");
        return { contents: exported === undefined ? refusingClass(name) : refusingModule(name, exported) };
      });
    },
  };
}

function refusal(name: string): string {
  return `throw new Error("${name} is not part of this program");`;
}

function refusingClass(name: string): string {
  return `module.exports = class { constructor() { ${refusal(name)} } };`;
}

function refusingModule(name: string, exported: readonly string[]): string {
  return `function unused() { ${refusal(name)} }\nexport { ${exported.map((one) => `unused as ${one.trim()}`).join(", ")} };`;
}
