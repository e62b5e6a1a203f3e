/** What a Debian package says of itself. Knows as much of the format as Pinion's own packages need. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import * as zlib from "node:zlib";
import { CommandFailure, ExitStatus } from "../exit-status.ts";

export interface DebianFile {
  readonly file: string;
  readonly content: Buffer;
  readonly sha256: string;
  readonly version: string;
  /** As Debian calls the processor. */
  readonly architecture: string;
  /** Whether it brings its own Node; without it the board has to have one. */
  readonly hasNode: boolean;
  /** Octets that it takes where it is installed. */
  readonly installed: number;
  /** SHA-256, in hex, of md5sums, postinst, prerm and postrm, as dpkg keeps them: the same for the same content. */
  readonly content256: string;
  /** What runs when it is installed and removed: postinst, prerm and postrm, by name. */
  readonly scripts: ReadonlyMap<string, string>;
}

const MAX_OCTETS = 512 * 1_048_576;
const MAX_CONTROL = 16 * 1_048_576;
const MAX_DATA = 1_024 * 1_048_576;
const SCRIPTS = ["postinst", "prerm", "postrm"];
const AR = "!<arch>\n";
const BLOCK = 512;

/** @throws CommandFailure for what is no package of Pinion. */
export function readDebianFile(file: string): DebianFile {
  let content: Buffer;
  try {
    content = readFileSync(file);
  } catch (error) {
    throw refused(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  const inside = content.length > MAX_OCTETS ? undefined : memberOf(content, "control.tar", MAX_CONTROL);
  const text = (name: string): string => (inside === undefined ? "" : (fileIn(inside, name) ?? ""));
  const control = text("control");
  const field = (name: string): string => new RegExp(`^${name}: *(.*)$`, "m").exec(control)?.[1]?.trim() ?? "";
  if (field("Package") !== "pinion") {
    throw refused(`${file} is no package of Pinion: \`npm run build -- --with-node\` makes one`);
  }
  return {
    file,
    content,
    sha256: createHash("sha256").update(content).digest("hex"),
    version: field("Version"),
    architecture: field("Architecture"),
    hasNode: !/(^|, *)nodejs\b/.test(field("Depends")),
    installed: Number(field("Installed-Size")) * 1024,
    content256: createHash("sha256")
      .update(["md5sums", ...SCRIPTS].map(text).join(""))
      .digest("hex"),
    scripts: new Map(SCRIPTS.map((name) => [name, text(name)])),
  };
}

/** The files of a package as a tar archive, from the root on. @throws CommandFailure where they cannot be read */
export function dataOf({ file, content }: DebianFile): Buffer {
  const data = memberOf(content, "data.tar", MAX_DATA);
  if (data === undefined || data.length === 0)
    throw refused(`${file} is damaged: \`npm run build -- --with-node\` makes it anew`);
  return data;
}

/** One of its archives, unpacked. Undefined where it is none. */
function memberOf(deb: Buffer, wanted: string, limit: number): Buffer | undefined {
  if (deb.toString("latin1", 0, AR.length) !== AR) return undefined;
  for (let at = AR.length; at + 60 <= deb.length;) {
    const name = deb.toString("latin1", at, at + 16).trim();
    const size = Number(deb.toString("latin1", at + 48, at + 58));
    if (!Number.isSafeInteger(size) || size < 0) return undefined;
    const member = deb.subarray(at + 60, at + 60 + size);
    if (name.startsWith(wanted)) return unpacked(name, member, limit);
    at += 60 + size + (size % 2);
  }
  return undefined;
}

function unpacked(name: string, member: Buffer, maxOutputLength: number): Buffer {
  const limit = { maxOutputLength };
  try {
    if (name.endsWith(".gz")) return zlib.gunzipSync(member, limit);
    if (name.endsWith(".zst")) return zlib.zstdDecompressSync(member, limit);
    return member;
  } catch (error) {
    if ("zstdDecompressSync" in zlib) return Buffer.alloc(0); // damaged: told by the caller
    throw new CommandFailure(ExitStatus.usage, "reading a Debian package takes Node 22.15 or newer here", {
      cause: error,
    });
  }
}

function fileIn(tar: Buffer, wanted: string): string | undefined {
  for (let at = 0; at + BLOCK <= tar.length;) {
    const name = tar.toString("latin1", at, at + 100).replace(/\0.*$/s, "");
    const size = Number.parseInt(tar.toString("latin1", at + 124, at + 136), 8) || 0;
    if (name.replace(/^\.\//, "") === wanted) return tar.toString("utf8", at + BLOCK, at + BLOCK + size);
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return undefined;
}

function refused(words: string): CommandFailure {
  return new CommandFailure(ExitStatus.usage, words);
}
