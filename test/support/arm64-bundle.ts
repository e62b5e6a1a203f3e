/**
 * The device's bundle for an arm64 board, made on this machine: epoll is cross-compiled against the headers of the project's
 * own Node (they are the same for every processor), koffi and serialport bring theirs.
 */
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { programBundle } from "../../deploy/build.ts";
import { nodeGyp } from "../../deploy/native-addons.ts";
import { programs } from "../../deploy/programs.ts";

const root = join(import.meta.dirname, "../..");
const cache = join(root, "dist/cache");
const folder = join(root, "dist/linux-arm64/pinion-device");

export function whyNoArm64(): string | false {
  const compiler = spawnSync("aarch64-linux-gnu-g++", ["--version"]).status === 0;
  if (process.arch === "x64" && !compiler) return "needs Debian's g++-aarch64-linux-gnu (npm test installs it)";
  return nodeGyp() === undefined ? "needs the node-gyp that comes with npm" : false;
}

/** Answers the folder. @throws with the words of the tool that failed. */
export async function arm64Bundle(): Promise<string> {
  mkdirSync(cache, { recursive: true });
  const program = programs.find(({ name }) => name === "pinion-device");
  if (program === undefined) throw new Error("there is no program pinion-device");
  const epoll = [{ abi: process.versions.modules, file: epollForArm64() }];
  const options = programBundle(program, epoll, { arch: "arm64", koffi: koffiForArm64() });
  await build({ ...options, outfile: join(folder, "pinion-device.cjs") });
  writeFileSync(join(folder, "package.json"), '{"name":"pinion-device","private":true,"type":"commonjs"}\n');
  return folder;
}

function run(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = process.env): string {
  const done = spawnSync(command, args, { cwd, env, encoding: "utf8", maxBuffer: 32 * 1024 * 1024 });
  if (done.status !== 0) throw new Error(`${command} ${args.join(" ")} failed:\n${done.stdout}\n${done.stderr}`);
  return done.stdout;
}

function epollForArm64(): string {
  const source = join(cache, `epoll-arm64-abi-${process.versions.modules}`);
  const built = join(source, "build/Release/epoll.node");
  if (existsSync(built)) return built;
  const installed = join(root, "node_modules/epoll");
  const withoutBuild = (path: string): boolean => !path.startsWith(join(installed, "build"));
  cpSync(installed, source, { recursive: true, dereference: true, filter: withoutBuild });
  cpSync(join(root, "node_modules/nan"), join(source, "node_modules/nan"), { recursive: true, dereference: true });
  const tool = (name: string): string => `aarch64-linux-gnu-${name}`;
  const nodedir = join(root, `node_modules/node-linux-${process.arch}`);
  // npm hands its own settings on to the scripts it runs, and node-gyp puts them above the option
  const own = { ...process.env, npm_config_nodedir: nodedir };
  const env = process.arch === "arm64" ? own : { ...own, CC: tool("gcc"), CXX: tool("g++"), LINK: tool("g++") };
  const args = [nodeGyp() ?? "", "rebuild", `--nodedir=${nodedir}`, "--arch=arm64"];
  run(process.execPath, args, source, env);
  return built;
}

function koffiForArm64(): string {
  // koffi's own package.json, which names its version
  const { version } = JSON.parse(readFileSync(join(root, "node_modules/koffi/package.json"), "utf8")) as {
    version: string;
  };
  const place = join(cache, `koffi-arm64-${version}`);
  const file = join(place, "package/linux_arm64/koffi.node");
  if (existsSync(file)) return file;
  mkdirSync(place, { recursive: true });
  const archive = run("npm", ["pack", "--silent", `@koromix/koffi-linux-arm64@${version}`], place).trim();
  run("tar", ["xzf", archive], place);
  return file;
}
