/** One program for one target: the folder that runs there. */
import { build, type Metafile } from "esbuild";
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { dashboardBundle, programBundle } from "../build.ts";
import type { AddonBuild } from "../native-addons.ts";
import { writeConfigSchema } from "../config-schema.ts";
import { dashboard, type Program } from "../programs.ts";
import { writeProjectFiles } from "../project-files.ts";
import { epollFor, tool } from "./compile-epoll.ts";
import { MANIFEST, manifest } from "./manifest.ts";
import { npmPackage, pinnedVersion } from "./npm-package.ts";
import { licences, sbom } from "./sbom.ts";
import { softwareIn, type Software } from "./software-in.ts";
import type { Stamp } from "./stamp.ts";
import type { Target } from "./targets.ts";

const root = join(import.meta.dirname, "../..");
const service = join(root, "deploy/service");

export interface Wish {
  readonly program: Program;
  readonly target: Target;
  readonly stamp: Stamp;
}

/** Writes `folder` anew; answers esbuild's accounts of what is in it. */
export async function programFolder(folder: string, wish: Wish): Promise<readonly Metafile[]> {
  const { program, stamp } = wish;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const metafiles = await bundles(folder, wish);
  const description = { name: program.name, version: stamp.version, private: true, type: "commonjs" };
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(description)}\n`);
  writeFileSync(join(folder, "start"), startScript(program));
  if (program.name === "pinion-device") copyFileSync(join(service, "run"), join(folder, "run"));
  describe(folder, wish, softwareIn(metafiles), {});
  return metafiles;
}

/** What runs the program of the folder that it lies in. */
export function startScript(program: Pick<Program, "name" | "nodeOptions">): string {
  return readFileSync(join(service, "start"), "utf8")
    .replaceAll("@PROGRAM@", program.name)
    .replaceAll(" @NODE_OPTIONS@", program.nodeOptions.map((option) => ` ${option}`).join(""));
}

/** Puts a Node into a folder that `programFolder` wrote. */
export function addNode(folder: string, wish: Wish, metafiles: readonly Metafile[]): void {
  putNode(join(folder, "node"), wish.target);
  describe(folder, wish, softwareIn(metafiles, wish.target.node), { nodeVersion: pinnedVersion(wish.target.node) });
}

/** What is inside, for people and for programs. */
function describe(folder: string, wish: Wish, software: readonly Software[], node: { nodeVersion?: string }): void {
  const { program, target, stamp } = wish;
  writeFileSync(join(folder, "sbom.cdx.json"), sbom(program.name, stamp, software));
  writeFileSync(join(folder, "LICENCES.txt"), licences(readFileSync(join(root, "LICENSE"), "utf8"), software));
  const inside = manifest(folder, { name: program.name, target, ...node }, stamp);
  const file = join(folder, MANIFEST);
  writeFileSync(file, `${JSON.stringify(inside, null, 2)}\n`);
  chmodSync(folder, 0o755);
  chmodSync(file, 0o644);
}

async function bundles(folder: string, { program, target, stamp }: Wish): Promise<Metafile[]> {
  const { epoll, koffi } = addons(program, target);
  const machine = { arch: target.arch, koffi };
  const { metafile } = await build({ ...programBundle(program, epoll, machine, stamp.version), outdir: folder });
  if (program.project) {
    writeConfigSchema(folder);
    return [metafile, ...(await writeProjectFiles(join(folder, "project")))];
  }
  if (!program.dashboard) return [metafile];
  const page = join(folder, "dashboard");
  const shown = await build({ ...dashboardBundle(), outdir: page });
  cpSync(join(root, dashboard.page), join(page, "index.html"));
  return [metafile, shown.metafile];
}

/** Where esbuild finds the addons: the names of a bundle's parts depend on where their inputs lie, so it is always this place. */
function addons(program: Program, target: Target): { epoll: readonly AddonBuild[]; koffi: string } {
  const place = join(root, "dist/cache/addons", target.name);
  mkdirSync(place, { recursive: true });
  const put = (file: string): string => {
    const here = join(place, basename(file));
    copyFileSync(file, here);
    return here;
  };
  const koffi = put(join(npmPackage(target.koffi.name), target.koffi.file));
  if (!program.addons) return { epoll: [], koffi };
  return { epoll: epollFor(target).map(({ abi, file }) => ({ abi, file: put(file) })), koffi };
}

/** `bin/node` without its symbols, which are a sixth of it, and its licence. */
export function putNode(folder: string, target: Target): void {
  const source = npmPackage(target.node);
  mkdirSync(join(folder, "bin"), { recursive: true });
  const file = join(folder, "bin/node");
  copyFileSync(join(source, "bin/node"), file);
  const strip = tool(target, "strip");
  const done = spawnSync(strip, ["--strip-unneeded", file], { encoding: "utf8" });
  if (done.status !== 0) throw new Error(`${strip} failed: ${done.error?.message ?? done.stderr}`);
  copyFileSync(join(source, "LICENSE"), join(folder, "LICENSE"));
}
