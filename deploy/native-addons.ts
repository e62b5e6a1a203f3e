/**
 * Native addons inside an esbuild bundle. `bindings` (under onoff's epoll) walks the call stack for a package.json and
 * `node-gyp-build` (under serialport) looks for a prebuilds folder, koffi tries places of its own; none exists beside a
 * bundle. All are replaced by a require of exactly the .node files of the target, which esbuild copies beside the bundle
 * and lists in its metafile.
 */
import type { Plugin } from "esbuild";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, cpSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** epoll uses V8's own interface, so each Node major (NODE_MODULE_VERSION) needs its own build of it. */
export interface AddonBuild {
  readonly abi: string;
  readonly file: string;
}

const root = join(import.meta.dirname, "..");

/** Optional extras of ws (accelerators) and debug (colours) that may happen to be installed; the bundle goes without. */
const LEFT_OUT = /^(bufferutil|utf-8-validate|supports-color)$/;

/** The machine that a bundle is for. */
export interface Machine {
  /** Its processor, as Node calls it. */
  readonly arch: string;
  /** koffi's addon for it; an optional dependency, so that a bundle may lack it. */
  readonly koffi: string;
}

export const thisMachine: Machine = {
  arch: process.arch,
  koffi: join(root, `node_modules/@koromix/koffi-linux-${process.arch}/linux_${process.arch}/koffi.node`),
};

export function nativeAddons(epoll: readonly AddonBuild[], { arch, koffi }: Machine = thisMachine): Plugin {
  return {
    name: "native-addons",
    setup(build) {
      build.onResolve({ filter: /^(bindings|node-gyp-build)$/ }, (args) => ({ path: args.path, namespace: "addon" }));
      build.onResolve({ filter: /^koffi$/ }, (args) => ({ path: args.path, namespace: "addon" }));
      build.onLoad({ filter: /^koffi$/, namespace: "addon" }, () => ({
        contents: koffiLoader(koffi),
        resolveDir: root,
      }));
      build.onResolve({ filter: LEFT_OUT }, (args) => ({ path: args.path, namespace: "left-out" }));
      build.onLoad({ filter: /.*/, namespace: "left-out" }, (args) => ({
        contents: `throw new Error(${JSON.stringify(`${args.path} is not part of this bundle`)});`,
      }));
      build.onLoad({ filter: /^node-gyp-build$/, namespace: "addon" }, () => ({
        contents: `module.exports = () => require(${JSON.stringify(serialportAddon(arch))});`,
        resolveDir: root,
      }));
      build.onLoad({ filter: /^bindings$/, namespace: "addon" }, () => ({
        contents: epollLoader(epoll),
        resolveDir: root,
      }));
    },
  };
}

function serialportAddon(arch: string): string {
  const folder = join(root, "node_modules/@serialport/bindings-cpp/prebuilds", `linux-${arch}`);
  // where there are several processors of one name, the file names the one it is for
  const version = { arm64: "armv8.", arm: "armv7." }[arch] ?? "";
  const name = `@serialport+bindings-cpp.${version}glibc.node`;
  const file = join(folder, name);
  if (!existsSync(file))
    throw new Error(`${file} is missing: is @serialport/bindings-cpp installed for linux-${arch}?`);
  return file;
}

/** Its addon alone is enough, and one file serves every Node (N-API). */
function koffiLoader(file: string): string {
  if (existsSync(file)) return `module.exports = require(${JSON.stringify(file)});`;
  return `throw new Error("this bundle was built without koffi");`;
}

function epollLoader(builds: readonly AddonBuild[]): string {
  const table = builds
    .map(({ abi, file }) => `${JSON.stringify(abi)}: () => require(${JSON.stringify(file)})`)
    .join(",\n");
  const shipped = builds.map(({ abi }) => abi).join(", ");
  return `
    const builds = {${table}};
    module.exports = () => {
      const load = builds[process.versions.modules];
      if (load) return load();
      throw new Error("this bundle carries its GPIO addon (epoll) for the Node ABI ${shipped}, and " + process.version +
        " has ABI " + process.versions.modules + ": run it with Node 24, or build the bundle on a machine with this Node");
    };`;
}

/**
 * The builds of epoll at hand: the one npm made for the project's Node, and one for the Node that the machine itself has
 * (the board may well run that one), when its headers are there.
 */
export function epollBuilds(cache: string): readonly AddonBuild[] {
  const own = join(root, "node_modules/epoll/build/Release/epoll.node");
  if (!existsSync(own)) throw new Error(`${own} is missing: run \`npm run setup\``);
  const builds = [{ abi: process.versions.modules, file: own }];
  const machine = machineHeaders();
  if (machine && machine.abi !== process.versions.modules) {
    const file = compileEpoll(machine, cache);
    if (file) builds.push({ abi: machine.abi, file });
  }
  return builds;
}

interface Headers {
  readonly abi: string;
  readonly dir: string;
}

function machineHeaders(): Headers | undefined {
  for (const dir of ["/usr", "/usr/local"]) {
    const file = join(dir, "include/node/node_version.h");
    if (!existsSync(file)) continue;
    const abi = /#define NODE_MODULE_VERSION (\d+)/.exec(readFileSync(file, "utf8"))?.[1];
    if (abi !== undefined) return { abi, dir };
  }
  return undefined;
}

/** Best effort: without node-gyp the bundle simply lacks this ABI, and its loader says which it has. */
function compileEpoll(headers: Headers, cache: string): string | undefined {
  const source = join(cache, `epoll-abi-${headers.abi}`);
  const built = join(source, "build/Release/epoll.node");
  if (existsSync(built)) return built;
  const gyp = nodeGyp();
  if (gyp === undefined) return undefined;
  mkdirSync(dirname(source), { recursive: true });
  const installed = join(root, "node_modules/epoll");
  // dereferenced: a linked folder would be built in, for the wrong Node, where it is used
  const withoutBuild = (path: string): boolean => !path.startsWith(join(installed, "build"));
  cpSync(installed, source, { recursive: true, dereference: true, filter: withoutBuild });
  cpSync(join(root, "node_modules/nan"), join(source, "node_modules/nan"), { recursive: true, dereference: true });
  const env = { ...process.env, npm_config_nodedir: headers.dir };
  const done = spawnSync(process.execPath, [gyp, "rebuild", `--nodedir=${headers.dir}`], {
    cwd: source,
    env,
    encoding: "utf8",
  });
  if (done.status !== 0) {
    console.error(
      `epoll for Node ABI ${headers.abi} was not built; the bundle goes without it:\n${done.stderr.slice(-600)}`,
    );
    return undefined;
  }
  return built;
}

/** The one inside npm. Under the project's own Node, npm says of its global folder that it is the project's. */
export function nodeGyp(): string | undefined {
  const npm = spawnSync("npm", ["root", "-g"], { encoding: "utf8" }).stdout.trim();
  const roots = [npm, "/usr/lib/node_modules", "/usr/local/lib/node_modules", "/usr/share/nodejs"];
  const files = roots.map((root) => join(root, "npm/node_modules/node-gyp/bin/node-gyp.js"));
  return files.find((file) => existsSync(file));
}
