/** The manifest of an artefact: every file of a program's folder but itself. It comes from strangers, so every part is bounded. */
import { Refused } from "./refused.ts";

export interface ReleaseFile {
  /** Relative, with `/`. */
  readonly path: string;
  readonly size: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
  readonly mode: 0o644 | 0o755;
}

export interface ReleaseManifest {
  readonly name: string;
  readonly version: string;
  /** linux-arm64, linux-armv7, linux-x64 */
  readonly target: string;
  /** NODE_MODULE_VERSIONs that its addons are for; empty: any. */
  readonly abis: readonly string[];
  readonly files: readonly ReleaseFile[];
}

export const MANIFEST = "manifest.json";
export const LIMITS = {
  /** Octets of the manifest. */
  manifest: 262_144,
  files: 512,
  /** Octets of one file, and of all. */
  file: 268_435_456,
  whole: 536_870_912,
  path: 200,
  depth: 8,
} as const;

const VERSION = /^\d{1,6}\.\d{1,6}\.\d{1,6}(-[0-9A-Za-z.-]{1,40})?(\+[0-9A-Za-z.-]{1,40})?$/;
const COMPONENT = /^(?!\.{1,2}$)[A-Za-z0-9@+._-]{1,100}$/;

/** @throws Refused `bad_artefact` or `too_large`, with the place. */
export function parseManifest(octets: Uint8Array): ReleaseManifest {
  if (octets.length > LIMITS.manifest) throw tooLarge(`${MANIFEST} has ${octets.length} octets`, LIMITS.manifest);
  const manifest = parsed(octets);
  const { name, version, target, node, files } = manifest;
  if (typeof name !== "string" || !COMPONENT.test(name)) throw bad("name", "a program's name");
  if (typeof version !== "string" || !VERSION.test(version)) throw bad("version", "a version such as 1.2.3");
  if (typeof target !== "string" || !COMPONENT.test(target)) throw bad("target", "a target such as linux-arm64");
  if (!Array.isArray(files) || files.length === 0) throw bad("files", "a list of files");
  if (files.length > LIMITS.files) throw tooLarge(`it has ${files.length} files`, LIMITS.files);
  const listed = files.map((file: unknown, i) => checkedFile(file, `files[${i}]`));
  refuseClashes(listed);
  const whole = listed.reduce((sum, { size }) => sum + size, 0);
  if (whole > LIMITS.whole) throw tooLarge(`its files have ${whole} octets`, LIMITS.whole);
  return { name, version, target, abis: abisOf(node), files: listed };
}

type Fields = Readonly<Record<string, unknown>>;

function parsed(octets: Uint8Array): Fields {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(octets));
    if (isFields(value)) return value;
  } catch {
    // told below
  }
  throw bad("the whole", "a JSON object");
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function abisOf(node: unknown): readonly string[] {
  if (!isFields(node) || !Array.isArray(node["abis"])) return [];
  return node["abis"].map(String);
}

function checkedFile(file: unknown, place: string): ReleaseFile {
  if (!isFields(file)) throw bad(place, "an object");
  const { path, size, sha256 } = file;
  if (typeof path !== "string" || !isPath(path)) throw bad(`${place}.path`, "a path inside the program's folder");
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) throw bad(`${place}.size`, "octets");
  if (size > LIMITS.file) throw tooLarge(`${path} has ${size} octets`, LIMITS.file);
  if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256))
    throw bad(`${place}.sha256`, "64 hexadecimal digits");
  return { path, size, sha256, mode: (modeOf(file["mode"], place) & 0o111) === 0 ? 0o644 : 0o755 };
}

function modeOf(mode: unknown, place: string): number {
  const number = typeof mode === "string" && /^[0-7]{3,6}$/.test(mode) ? Number.parseInt(mode, 8) : mode;
  if (typeof number === "number" && Number.isInteger(number) && number >= 0) return number;
  throw bad(`${place}.mode`, "a file's mode");
}

function isPath(path: string): boolean {
  const parts = path.split("/");
  // a name that begins with a dot is ours, or hides something
  const isSound = parts.every((part) => COMPONENT.test(part) && !part.startsWith("."));
  return isSound && path.length <= LIMITS.path && parts.length <= LIMITS.depth && path !== MANIFEST;
}

/** Two of one path, or a file where another one needs a folder. */
function refuseClashes(files: readonly ReleaseFile[]): void {
  const paths = new Set<string>();
  for (const { path } of files) {
    if (paths.has(path)) throw bad("files", `each path once, not ${path} twice`);
    paths.add(path);
  }
  for (const path of paths) {
    for (let cut = path.lastIndexOf("/"); cut > 0; cut = path.lastIndexOf("/", cut - 1)) {
      if (paths.has(path.slice(0, cut))) throw bad("files", `folders that are no files, as ${path.slice(0, cut)} is`);
    }
  }
}

function bad(place: string, allowed: string): Refused {
  return new Refused("bad_artefact", `${MANIFEST}: ${place} has to be ${allowed}`, "take what `npm run build` made");
}

function tooLarge(what: string, limit: number): Refused {
  return new Refused("too_large", `${what}, of at most ${limit}`, "is it the right file?");
}
