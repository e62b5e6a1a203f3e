/** Packages that a program's dependencies load at their start though this program never uses them. */
import type { Plugin } from "esbuild";

/** Each becomes a class: whoever tests against it gets no, whoever makes one is told what is missing. */
export function leavingOut(packages: readonly string[]): Plugin {
  return {
    name: "leaving-out",
    setup(build) {
      if (packages.length === 0) return;
      const filter = new RegExp(`^(${packages.join("|")})$`);
      build.onResolve({ filter }, ({ path }) => ({ path, namespace: "unused" }));
      build.onLoad({ filter: /.*/, namespace: "unused" }, ({ path }) => ({
        contents: `module.exports = class { constructor() { throw new Error("${path} is not part of this program"); } };`,
      }));
    },
  };
}
