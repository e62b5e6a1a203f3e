/** The three programs as esbuild bundles for this very machine, each a folder that runs with plain Node: for `npm start` and the tests. */
import { build, type BuildOptions, type Metafile } from "esbuild";
import { cpSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commonJsParts } from "./common-js-parts.ts";
import { formatsOnDemand } from "./formats-on-demand.ts";
import { leavingOut } from "./leaving-out.ts";
import { writeConfigSchema } from "./config-schema.ts";
import { ownCopy } from "./own-copy.ts";
import { ownVersion } from "./own-version.ts";
import { epollBuilds, nativeAddons, thisMachine, type AddonBuild, type Machine } from "./native-addons.ts";
import { dashboard, programs, type Program } from "./programs.ts";
import { coreSchemaOnly, yamlWriters } from "./reading-yaml.ts";
import { writeProjectFiles } from "./project-files.ts";
import { putInPlace } from "./put-in-place.ts";

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");
const here = join(dist, "here");

/** What is printed and held to the budget: sizes in octets. */
export interface Built {
  readonly name: string;
  readonly folder: string;
  readonly script: number;
  readonly addons: number;
  readonly budget: number;
}

/** Where a program's folder for this machine lies after a build. */
export function programFolder(name: string): string {
  return join(here, name);
}

/** Programs that run from there go on with the files they have; what has not changed is not touched. */
export async function buildAll(): Promise<readonly Built[]> {
  mkdirSync(join(dist, "meta"), { recursive: true });
  const aside = `${here}.${String(process.pid)}`;
  try {
    const epoll = epollBuilds(join(dist, "cache"));
    const built: Built[] = [];
    for (const program of programs) built.push(await buildProgram(program, epoll, join(aside, program.name)));
    built.push(await buildDashboard(join(aside, "pinion-router-bridge/dashboard")));
    putInPlace(aside, here);
    return built;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

/** How a program is bundled; the walls test bundles the very same way, unwritten. `version`: another one than the sources say. */
export function programBundle(
  program: Program,
  epoll: readonly AddonBuild[],
  machine: Machine = thisMachine,
  version?: string,
): BuildOptions & { metafile: true } {
  const entries = Object.entries({ [program.name]: program.entry, ...program.further });
  return {
    entryPoints: Object.fromEntries(entries.map(([name, entry]) => [name, join(root, entry)])),
    outdir: programFolder(program.name),
    outExtension: { ".js": ".cjs" },
    chunkNames: "parts/[name]-[hash]",
    bundle: true,
    platform: "node",
    format: "esm",
    splitting: true,
    // armv7 boards have nothing newer than Node 20.
    target: "node20",
    // without keepNames: naming each closure again costs a session 5 KB, and each acknowledged publication a sixth of its time
    minify: true,
    legalComments: "none",
    metafile: true,
    logLevel: "warning",
    absWorkingDir: root,
    banner: { js: "#!/usr/bin/env node" },
    // its ES modules: of CommonJS what is not used could not be left out
    alias: { yaml: join(root, "node_modules/yaml/browser/index.js") },
    loader: { ".node": "copy" },
    assetNames: "native/[name]-[hash]",
    plugins: [
      nativeAddons(epoll, machine),
      leavingOut([...program.leftOut, ...yamlWriters]),
      coreSchemaOnly(join(root, "node_modules")),
      formatsOnDemand(join(root, "node_modules")),
      ownCopy("typebox", join(root, "drivers/authoring/index.ts")),
      ownCopy("typebox/schema", join(root, "packages/config/any-keyword.ts")),
      commonJsParts,
      ...(version === undefined ? [] : [ownVersion(version)]),
    ],
  };
}

/** The same for the page's script and style. */
export function dashboardBundle(): BuildOptions & { metafile: true } {
  return {
    entryPoints: { app: join(root, dashboard.entry) },
    outdir: join(programFolder("pinion-router-bridge"), "dashboard"),
    bundle: true,
    platform: "browser",
    format: "esm",
    target: "es2022",
    minify: true,
    legalComments: "none",
    metafile: true,
    logLevel: "warning",
    absWorkingDir: root,
  };
}

async function buildProgram(program: Program, epoll: readonly AddonBuild[], folder: string): Promise<Built> {
  const { metafile } = await build({ ...programBundle(program, epoll), outdir: folder });
  saveMetafile(program.name, metafile);
  writePackageFile(folder, program.name);
  const native = join(folder, "native");
  const script = octetsIn(folder, ".cjs");
  if (program.project) {
    await writeProjectFiles(join(folder, "project"));
    writeConfigSchema(folder);
  }
  return {
    name: program.name,
    folder: programFolder(program.name),
    script,
    addons: program.addons ? octetsIn(native, ".node") : 0,
    budget: program.budget,
  };
}

/** Which says what the scripts beside it are. */
export function writePackageFile(folder: string, name: string): void {
  writeFileSync(join(folder, "package.json"), `${JSON.stringify({ name, private: true, type: "commonjs" })}\n`);
}

async function buildDashboard(folder: string): Promise<Built> {
  const { metafile } = await build({ ...dashboardBundle(), outdir: folder });
  saveMetafile("dashboard", metafile);
  cpSync(join(root, dashboard.page), join(folder, "index.html"));
  const place = join(programFolder("pinion-router-bridge"), "dashboard");
  return { name: "dashboard", folder: place, script: octetsIn(folder, ""), addons: 0, budget: dashboard.budget };
}

/** Kept beside the bundles: what is inside each, and what it weighs. */
function saveMetafile(name: string, metafile: Metafile): void {
  writeFileSync(join(dist, "meta", `${name}.json`), JSON.stringify(metafile));
}

/** Of the files with this ending, in all folders. */
function octetsIn(folder: string, ending: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && entry.name.endsWith(ending),
  );
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

function print(built: readonly Built[]): void {
  const kib = (octets: number): string => `${(octets / 1024).toFixed(1)} KiB`.padStart(12);
  console.log(
    `${"program".padEnd(22)}${"bundle".padStart(12)}${"budget".padStart(12)}${"addons".padStart(12)}  folder`,
  );
  for (const { name, script, budget, addons, folder } of built) {
    console.log(`${name.padEnd(22)}${kib(script)}${kib(budget)}${kib(addons)}  ${folder.slice(root.length + 1)}`);
  }
}

if (import.meta.main) {
  const built = await buildAll();
  print(built);
  const over = built.filter(({ script, budget }) => script > budget);
  for (const { name, script, budget } of over) {
    console.error(`${name} weighs ${String(script)} octets, over its budget of ${String(budget)} (deploy/programs.ts)`);
  }
  if (over.length > 0) process.exitCode = 1;
}
