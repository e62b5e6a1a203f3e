/** Releases of the device for an arm64 board, as `npm run build` makes them, signed. */
import { chmodSync, cpSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { entriesOf, MANIFEST, manifest } from "../../deploy/artefact/manifest.ts";
import { tar } from "@pinion/client/release";
import { targetNamed } from "../../deploy/artefact/targets.ts";
import { arm64Bundle } from "./arm64-bundle.ts";
import { pinion } from "./board-accounts.ts";

export interface ReleaseWish {
  /** Where it is made. */
  readonly folder: string;
  readonly version: string;
  /** What signs it, made by `pinion update keygen`. */
  readonly key: string;
  /** Shell words in place of the script `start`, which is named start.real then. */
  readonly start?: string;
  /** A file more, for what takes a while to send. */
  readonly ballast?: Uint8Array;
}

/** Answers the archive. */
export async function arm64Release({ folder, version, key, start, ballast }: ReleaseWish): Promise<string> {
  const target = targetNamed("linux-arm64");
  const place = join(folder, `program-${version}`);
  cpSync(await arm64Bundle(), place, { recursive: true });
  // told apart by what is in it, too
  writeFileSync(join(place, "version.txt"), version);
  if (ballast !== undefined) writeFileSync(join(place, "ballast.bin"), ballast);
  if (start !== undefined) {
    renameSync(join(place, "start"), join(place, "start.real"));
    writeFileSync(join(place, "start"), `#!/bin/sh\n${start}\n`);
    chmodSync(join(place, "start"), 0o755);
  }
  const inside = manifest(place, { name: "pinion-device", target }, { version, seconds: 0 });
  writeFileSync(join(place, MANIFEST), `${JSON.stringify(inside, undefined, 2)}\n`);
  const file = join(folder, `pinion-device-${version}-linux-arm64.tar.gz`);
  writeFileSync(file, gzipSync(tar(entriesOf(place), 0, "pinion-device/")));
  pinion("update", "sign", file, "--key", key);
  return file;
}
