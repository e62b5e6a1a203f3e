/** epoll's addon for another processor, or for another Node: one source file, so one call of the compiler. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { AddonBuild } from "../native-addons.ts";
import { buildCache, npmPackage } from "./npm-package.ts";
import { headersPackage, type Target } from "./targets.ts";

const root = join(import.meta.dirname, "../..");
const source = join(root, "node_modules/epoll/src/epoll.cc");

const FLAGS = [
  "-shared -fPIC -O2 -w -s -pthread -fno-exceptions -fno-rtti -D_GLIBCXX_USE_CXX11_ABI=1",
  "-DNODE_GYP_MODULE_NAME=epoll -DBUILDING_NODE_EXTENSION -DUSING_UV_SHARED=1 -DUSING_V8_SHARED=1",
  "-D_FILE_OFFSET_BITS=64 -D_LARGEFILE_SOURCE",
  // kernels with pages of 16 KiB (Raspberry Pi 5) refuse what is aligned to 4 KiB
  "-Wl,-z,max-page-size=65536",
  // nothing of the machine or the moment inside
  "-Wl,--build-id=none",
].flatMap((line) => line.split(" "));

export function epollFor(target: Target): readonly AddonBuild[] {
  return target.abis.map((abi) => ({ abi, file: compile(target, abi) }));
}

/** Debian's name for what is missing when there is no compiler. */
export function compilerPackage({ triplet }: Target): string {
  return `g++-${triplet.replaceAll("_", "-")}`;
}

/** A program of the target's tool chain; this machine's own ones also go by their plain names. */
export function tool({ arch, triplet }: Target, name: string): string {
  const full = `${triplet}-${name}`;
  const isThere = (process.env["PATH"] ?? "").split(":").some((folder) => existsSync(join(folder, full)));
  return !isThere && arch === process.arch ? name : full;
}

function compile(target: Target, abi: string): string {
  const headers = join(npmPackage(headersPackage(abi)), "include/node");
  const nan = join(root, "node_modules/nan");
  // V8's headers need C++20 from Node 24 on
  const flags = [...FLAGS, Number(abi) >= 137 ? "-std=gnu++20" : "-std=gnu++17"];
  const compiler = tool(target, "g++");
  const key = createHash("sha256")
    .update(run(target, compiler, ["--version"]))
    .update(JSON.stringify(flags))
    .update(readFileSync(source))
    .update(readFileSync(join(nan, "package.json")))
    .update(readFileSync(join(headers, "node_version.h")));
  const folder = join(buildCache(), `epoll-${target.name}-${key.digest("hex").slice(0, 16)}`);
  const file = join(folder, `epoll-abi${abi}.node`);
  if (existsSync(file)) return file;
  mkdirSync(folder, { recursive: true });
  const unfinished = `${file}.${String(process.pid)}`;
  // else the assertions inside would name this machine's folders
  const anonymous = `-ffile-prefix-map=${join(root, "node_modules")}=.`;
  const includes = [headers, nan].flatMap((place) => ["-isystem", place]);
  run(target, compiler, [...flags, anonymous, ...includes, source, "-o", unfinished]);
  renameSync(unfinished, file);
  return file;
}

function run(target: Target, command: string, args: readonly string[]): string {
  const done = spawnSync(command, args, { encoding: "utf8" });
  if (done.error !== undefined)
    throw new Error(`no C++ compiler for ${target.name}: install Debian's package ${compilerPackage(target)}`);
  if (done.status !== 0) throw new Error(`${command} failed for ${target.name}:\n${done.stderr.slice(-2000)}`);
  return done.stdout;
}
