/** An artefact, as `npm run build` makes it, and the signature beside it. What is in it is believed only as far as its manifest goes. */
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { Refused } from "./refused.ts";
import { LIMITS, MANIFEST, parseManifest } from "./release-manifest.ts";
import { tarFiles, type TarFile } from "./tar-entries.ts";

/** Octets of an archive, unpacked: all files and what tar puts around them. */
const MAX_ARCHIVE = LIMITS.whole + LIMITS.files * 2_048;

/** An archive as it is on a disk. */
export interface Artefact {
  readonly manifest: Uint8Array;
  /** Of the folder inside the archive: `""` or `pinion-device/`. */
  readonly prefix: string;
}

/** @throws Refused `bad_artefact` */
export async function readArtefact(file: string): Promise<Artefact> {
  for await (const entry of filesOf(file)) {
    const [, prefix] = /^((?:\.\/)?(?:[^/]+\/)?)manifest\.json$/.exec(entry.path) ?? [];
    if (prefix === undefined) continue;
    if (entry.size > LIMITS.manifest)
      throw new Refused("too_large", `${MANIFEST} is too large`, "is it the right file?");
    return { manifest: await whole(entry), prefix };
  }
  throw new Refused("bad_artefact", `${file} holds no ${MANIFEST}`, "take the .tar.gz that `npm run build` made");
}

/** Each file of the archive that its manifest names, in the order of the archive. What it does not name is refused. */
export async function* filesIn(
  file: string,
  { manifest, prefix }: Artefact,
): AsyncGenerator<TarFile & { sha256: string }> {
  const files = new Map(parseManifest(manifest).files.map((one) => [one.path, one]));
  for await (const entry of filesOf(file)) {
    const path = entry.path.startsWith(prefix) ? entry.path.slice(prefix.length) : entry.path;
    if (path === MANIFEST) continue;
    const known = files.get(path);
    if (known === undefined || known.size !== entry.size) {
      const what = `${JSON.stringify(entry.path)} of the archive is not as ${MANIFEST} says`;
      throw new Refused("bad_artefact", what, "take the .tar.gz that `npm run build` made");
    }
    yield { ...entry, path, sha256: known.sha256 };
  }
}

/** What is signed: this, and the manifest's octets, which say what all files are. */
export function signedOctets(manifest: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from("pinion release\n"), manifest]);
}

export function signatureText(signature: Uint8Array): string {
  return `pinion-signature-ed25519: ${Buffer.from(signature).toString("hex")}\n`;
}

/** The signature beside an artefact: `<file>.sig`, made by `pinion update sign`. */
export async function readSignature(file: string): Promise<Uint8Array | undefined> {
  const text = await readFile(`${file}.sig`, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const digits = /^pinion-signature-ed25519: ([0-9a-f]{128})\s*$/.exec(text)?.[1];
  if (digits !== undefined) return Buffer.from(digits, "hex");
  throw new Refused("bad_signature", `${file}.sig is no signature`, "make it with `pinion update sign`");
}

function filesOf(file: string): AsyncGenerator<TarFile> {
  const unzipped = createGunzip();
  // its errors come out of the reading below
  pipeline(createReadStream(file), unzipped, () => undefined);
  return tarFiles(bounded(unzipped));
}

/** A few octets can be packed so that they unpack without end. */
async function* bounded(stream: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  let octets = 0;
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      octets += piece.length;
      if (octets > MAX_ARCHIVE) break;
      yield piece;
    }
  } catch (cause) {
    const what = `the archive cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new Refused("bad_artefact", what, "is it the right file, and whole?", { cause });
  }
  if (octets > MAX_ARCHIVE) {
    throw new Refused("too_large", `the archive unpacks to more than ${MAX_ARCHIVE} octets`, "is it the right file?");
  }
}

async function whole({ octets }: TarFile): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of octets) pieces.push(piece);
  return Buffer.concat(pieces);
}
