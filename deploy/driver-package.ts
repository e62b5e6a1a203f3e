/**
 * `npm run driver-package`: @pinion/driver as a package of npm under dist/driver-package, for the editors of people who write drivers
 * of their own, and for their tests. On a board nobody needs it: a driver gets what the board has loaded.
 */
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const root = join(import.meta.dirname, "..");
const drivers = join(root, "drivers");
const ENTRY = join(drivers, "authoring/index.ts");
/** Projects of their own, with declarations of their own. */
const PROJECTS = ["authoring", "hardware"];

/** Writes `folder` anew. */
export async function driverPackage(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const { version, license, dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    version: string;
    license: string;
    dependencies: { typebox: string };
  }; // this repository's own
  const manifest = {
    name: "@pinion/driver",
    version,
    description: "The contract of Pinion's drivers, its types, and the parts that drivers are made of",
    license,
    type: "module",
    exports: { ".": { types: "./types/authoring/index.d.ts", default: "./index.js" } },
    dependencies: { typebox: dependencies.typebox },
  };
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  copyFileSync(join(root, "LICENSE"), join(folder, "LICENSE"));
  const outfile = join(folder, "index.js");
  await build({
    entryPoints: [ENTRY],
    outfile,
    bundle: true,
    format: "esm",
    target: "node20",
    packages: "external",
    logLevel: "warning",
  });
  declare();
  copyTypes(ENTRY, join(folder, "types"), new Set());
}

/** Lets the compiler write the declarations of what has changed. */
function declare(): void {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const done = spawnSync(process.execPath, [tsc, "-b", join(drivers, "authoring")], { encoding: "utf8" });
  if (done.status !== 0) throw new Error(`the types of drivers do not compile: ${done.stdout}${done.stderr}`);
}

/** The declarations of a source file, and of all that they import. */
function copyTypes(source: string, types: string, copied: Set<string>): void {
  if (copied.has(source)) return;
  copied.add(source);
  const path = relative(drivers, source).replace(/\.ts$/, ".d.ts");
  const project = PROJECTS.find((name) => path.startsWith(`${name}/`));
  const written =
    project === undefined
      ? join(drivers, ".tsc", path)
      : join(drivers, project, ".tsc", path.slice(project.length + 1));
  const place = join(types, path);
  mkdirSync(dirname(place), { recursive: true });
  copyFileSync(written, place);
  for (const [, specifier = ""] of readFileSync(written, "utf8").matchAll(/(?:from|import\()\s*"(\.[^"]+\.ts)"/g)) {
    copyTypes(join(dirname(source), specifier), types, copied);
  }
}

if (import.meta.main) {
  const folder = join(root, "dist/driver-package");
  await driverPackage(folder);
  console.log(`${relative(root, folder)}: npm install --save-dev ${folder}`);
}
