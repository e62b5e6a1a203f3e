/**
 * How the parts of a program take from each other: as ES modules, which is how esbuild writes them, into CommonJS. esbuild itself would
 * give each part half a kilobyte to play an ES module, and would ask a getter at each use of what came from another part.
 */
import type { Metafile } from "esbuild";
import { dirname, join } from "node:path/posix";

type Outputs = Metafile["outputs"];

/** A part as esbuild wrote it. */
interface Part {
  readonly path: string;
  readonly hashbang: string;
  /** In their order: path of the other part, and what is taken from it under which own name. */
  readonly imports: readonly { readonly from: string; readonly names: readonly Named[] }[];
  readonly body: string;
  readonly exports: readonly Named[];
  /** The expression that gives a CommonJS package, where the part is one. */
  readonly whole: string | undefined;
}

interface Named {
  /** In the part that gives it. */
  readonly given: string;
  readonly own: string;
}

const IMPORT = /^import(?:\{([^}]*)\}from)?"(\.[^"]+)";\s*/;
const EXPORT = /export\{([^}]*)\};\s*$/;
const WHOLE = /export default ([\w$]+\(\));?\s*(?:\/\/.*\s*)?$/;

/** @returns path and text of each part, which is still to be shortened. @throws Error for what esbuild does not write today. */
export function joinParts(outputs: Outputs, read: (path: string) => string): ReadonlyMap<string, string> {
  const parts = new Map<string, Part>();
  for (const [path, output] of Object.entries(outputs)) parts.set(path, readPart(path, read(path), output));
  for (const path of parts.keys()) refuseCircle(path, parts);
  const links: Links = {
    parts,
    isEntry: (path) => outputs[path]?.entryPoint !== undefined,
    isRuntime: (path) => Object.keys(outputs[path]?.inputs ?? {}).length === 0,
    changes: new Map([...parts.values()].map((part) => [part.path, changing(part)])),
  };
  return new Map([...parts.values()].map((part) => [part.path, written(part, links, outputs[part.path])]));
}

interface Links {
  readonly parts: ReadonlyMap<string, Part>;
  readonly isEntry: (path: string) => boolean;
  /** Whether there is nothing in it but esbuild's own functions, which do nothing by being loaded. */
  readonly isRuntime: (path: string) => boolean;
  /** By part: the exports, as given, whose value may be another one later. */
  readonly changes: ReadonlyMap<string, ReadonlySet<string>>;
}

function readPart(path: string, text: string, { imports, exports }: Outputs[string]): Part {
  const [hashbang] = /^#!.*\n/.exec(text) ?? [""];
  let body = text.slice(hashbang.length);
  const taken: Part["imports"][number][] = [];
  for (let found = IMPORT.exec(body); found !== null; found = IMPORT.exec(body)) {
    const [head, names = "", from = ""] = found;
    taken.push({ from: join(dirname(path), from), names: named(names, "import") });
    body = body.slice(head.length);
  }
  const [tail, names = ""] = EXPORT.exec(body) ?? [""];
  body = body.slice(0, body.length - tail.length);
  const whole = WHOLE.exec(body);
  if (whole !== null) body = body.slice(0, whole.index);
  const given = named(names, "export");
  const expected = imports.filter(({ kind, external }) => kind === "import-statement" && external !== true);
  if (taken.length !== expected.length || given.length + (whole === null ? 0 : 1) !== exports.length)
    throw new Error(`${path}: esbuild writes imports and exports in another way now`);
  return { path, hashbang, imports: taken, body, exports: given, whole: whole?.[1] };
}

function named(list: string, kind: "import" | "export"): readonly Named[] {
  return list
    .split(",")
    .filter((one) => one.trim() !== "")
    .map((one) => {
      const [first = "", second = first] = one.trim().split(" as ");
      return kind === "import" ? { given: first, own: second } : { given: second, own: first };
    });
}

/** What is assigned to more than where it is declared; in doubt, too: a variable within that has the same name. */
function changing({ exports, body }: Part): ReadonlySet<string> {
  return new Set(exports.filter(({ own }) => isAssigned(own, body)).map(({ given }) => given));
}

function isAssigned(name: string, body: string): boolean {
  const word = String.raw`(?<![\w$.])${name.replaceAll("$", String.raw`\$`)}(?![\w$])`;
  const count = (pattern: string): number => [...body.matchAll(new RegExp(pattern, "g"))].length;
  const assignments = count(String.raw`${word}(?:[-+*/%&|^]|\*\*|<<|>>>?|&&|\|\||\?\?)?=(?![=>])`);
  const steps = count(String.raw`(?:\+\+|--)${word}|${word}(?:\+\+|--)`);
  const unset = count(String.raw`(?:\b(?:var|let) |,)${word}(?=[,;])`);
  const within = count(String.raw`[[{,:.]${word}(?:=[^,;\]}]*)?(?:[,\]}][^;]*?)?[\]}]=(?![=>])`);
  const looped = count(String.raw`for\(${word} (?:of|in) `);
  return steps > 0 || looped > 0 || within > 0 || assignments > 1 || (assignments === 1 && unset > 0);
}

/** What keeps its value is taken when a part is loaded: in a circle it would not be there yet. esbuild puts modules of a circle into one part. */
function refuseCircle(path: string, parts: ReadonlyMap<string, Part>): void {
  const seen = new Set<string>();
  const reach = (from: string): void => {
    for (const { from: next } of parts.get(from)?.imports ?? []) {
      if (next === path)
        throw new Error(`${path} imports itself through ${from}: parts have to be loadable one by one`);
      if (seen.has(next)) continue;
      seen.add(next);
      reach(next);
    }
  };
  reach(path);
}

function written(part: Part, links: Links, output: Outputs[string] | undefined): string {
  const isEntry = links.isEntry(part.path);
  const changes = links.changes.get(part.path) ?? new Set();
  const property = ({ given, own }: Named): string => {
    const name = nameOf(part, given, isEntry);
    return changes.has(given) ? `get ${name}(){return ${own}}` : `${name}:${own}`;
  };
  const given = part.exports.length === 0 ? "" : `module.exports={${part.exports.map(property).join(",")}};`;
  let body = part.body;
  for (const { path, kind } of output?.imports ?? []) {
    if (kind !== "dynamic-import" || !links.parts.has(path)) continue;
    const name = relative(part.path, path);
    body = body.replaceAll(`import("${name}")`, `Promise.resolve().then(()=>require("${name}"))`);
  }
  const whole = part.whole === undefined ? "" : `const all=${part.whole};${WITH_NAMES}`;
  // the hashbang is for who is started
  const first = part.path.includes("/parts/") ? "" : part.hashbang;
  return `${first}${taking(part, links)}${body}\n${given}${whole}`;
}

/** A part that is a CommonJS package has its names beside the default, as an import of it would have. */
const WITH_NAMES =
  "module.exports={default:all};for(const name of Object.keys(Object(all)))" +
  "name in module.exports||Object.defineProperty(module.exports,name,{enumerable:true,get:()=>all[name]});";

/** What keeps its value is taken once; what may change stays an import, which esbuild makes a look at each use. */
function taking({ path, imports }: Part, { parts, isEntry, isRuntime, changes }: Links): string {
  const needed = imports.filter(({ from, names }) => names.length > 0 || !isRuntime(from));
  const lines = needed.map(({ from, names }) => {
    const other = parts.get(from);
    if (other === undefined) throw new Error(`${path} imports ${from}, which is no part`);
    const changed = changes.get(from) ?? new Set();
    const rename = ({ given, own }: Named, by: string): string => `${nameOf(other, given, isEntry(from))}${by}${own}`;
    const live = names.filter(({ given }) => changed.has(given)).map((one) => rename(one, " as "));
    const fixed = names.filter(({ given }) => !changed.has(given)).map((one) => rename(one, ":"));
    const place = JSON.stringify(relative(path, from));
    return {
      live: live.length === 0 ? `import${place};` : `import{${live.join(",")}}from${place};`,
      isLive: live.length > 0,
      fixed: fixed.length > 0 ? `const{${fixed.join(",")}}=require(${place});` : `require(${place});`,
      isFixed: fixed.length > 0,
    };
  });
  // imports run first: where there is one all are, so that the parts run in their order
  if (!lines.some(({ isLive }) => isLive)) return lines.map(({ fixed }) => fixed).join("");
  return [...lines.map(({ live }) => live), ...lines.map(({ isFixed, fixed }) => (isFixed ? fixed : ""))].join("");
}

/** Short, but for those who are asked by name. */
function nameOf({ exports }: Part, given: string, isEntry: boolean): string {
  if (isEntry) return given;
  const index = exports.findIndex((one) => one.given === given);
  return `${LETTERS[index % LETTERS.length] ?? ""}${index < LETTERS.length ? "" : String(Math.floor(index / LETTERS.length))}`;
}

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** As esbuild writes it. */
function relative(from: string, to: string): string {
  const sameFolder = dirname(from) === dirname(to);
  if (sameFolder) return `./${to.slice(dirname(to).length + 1)}`;
  const inParts = dirname(from).length > dirname(to).length;
  return inParts ? `../${to.slice(dirname(to).length + 1)}` : `./${to.slice(dirname(from).length + 1)}`;
}
