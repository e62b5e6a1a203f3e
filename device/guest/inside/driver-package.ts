/**
 * What authors import as @pinion/driver is there for every file of this process, wherever it lies: one module that has what
 * this program has already loaded.
 */
import * as nodeModule from "node:module";

const PACKAGE = "@pinion/driver";
const PLACE = "pinion:driver";

/** `exports`: as drivers/authoring.ts has them. */
export function provideDriverPackage(exports: Readonly<Record<string, unknown>>): void {
  const key = Symbol.for(PACKAGE);
  Object.defineProperty(globalThis, key, { value: exports });
  const names = Object.keys(exports).filter((name) => name !== "default");
  const source = `const all = globalThis[Symbol.for(${JSON.stringify(PACKAGE)})];
${names.map((name) => `export const ${name} = all.${name};`).join("\n")}`;
  const resolved = { url: PLACE, format: "module", shortCircuit: true };
  const loaded = { format: "module", source, shortCircuit: true };
  // Node 20, the newest that armv7 boards have, knows only the other way
  if (typeof nodeModule.registerHooks === "function") {
    nodeModule.registerHooks({
      resolve: (specifier, context, next) => (specifier === PACKAGE ? resolved : next(specifier, context)),
      load: (url, context, next) => (url === PLACE ? loaded : next(url, context)),
    });
    return;
  }
  const hook = `
    export const resolve = async (specifier, context, next) =>
      specifier === ${JSON.stringify(PACKAGE)} ? ${JSON.stringify(resolved)} : next(specifier, context);
    export const load = async (url, context, next) =>
      url === ${JSON.stringify(PLACE)} ? ${JSON.stringify(loaded)} : next(url, context);`;
  nodeModule.register(`data:text/javascript,${encodeURIComponent(hook)}`);
}
