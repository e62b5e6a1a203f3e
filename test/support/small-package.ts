/** Pinion's Debian package without what takes long to pack: the built device of this machine alone, or nothing at all for another one. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { programs } from "../../deploy/programs.ts";
import { startScript } from "../../deploy/artefact/program-folder.ts";
import { entriesOf } from "../../deploy/artefact/manifest.ts";
import { stamp } from "../../deploy/artefact/stamp.ts";
import type { TarEntry } from "@pinion/client/release";
import { targets } from "../../deploy/artefact/targets.ts";
import { programFolder } from "../../deploy/build.ts";
import { debianPackage } from "../../deploy/deb/debian-package.ts";

const service = join(import.meta.dirname, "../../deploy/service");

/** Writes it. `node: false`: it depends on the machine's. */
export function emptyPackage(file: string, target: string, { node }: { node: boolean }): void {
  write(file, target, { node, device: [] });
}

/** With the device as built for this machine, which brings no Node, yet asks for none: the test gives it one. */
export function devicePackage(file: string): void {
  const program = programs.find(({ name }) => name === "pinion-device");
  if (program === undefined) throw new Error("there is no pinion-device");
  const launchers = ["start", "run"].map((name): TarEntry => {
    const text = name === "start" ? startScript(program) : readFileSync(join(service, name), "utf8");
    return { kind: "file", path: name, mode: 0o755, content: Buffer.from(text) };
  });
  const device = [...entriesOf(programFolder("pinion-device")), ...launchers];
  write(file, `linux-${process.arch}`, { node: true, device });
}

function write(file: string, name: string, { node, device }: { node: boolean; device: readonly TarEntry[] }): void {
  const target = targets.find((one) => one.name === name);
  if (target === undefined) throw new Error(`there is no target ${name}`);
  const packed = new Map([["pinion-device", device]]);
  writeFileSync(file, debianPackage({ target, stamp: stamp(), programs: packed, node: node ? [] : undefined }));
}
