/** What is to be written to a boot partition, in that order: what starts all of it comes last. */
import { createHash } from "node:crypto";
import type { BoardFile } from "../provision/board-files.ts";
import type { DebianFile } from "../provision/debian-file.ts";
import type { BootPartition, CardSystem } from "./boot-partition.ts";
import { withInstanceId, withKernelInstanceId, withCommands } from "./cloud-init.ts";
import { FIRST_BOOT_SCRIPT } from "./first-boot-script.ts";
import { withFirstRun, withHook } from "./first-run.ts";

interface Card {
  readonly files: readonly BoardFile[];
  readonly package: DebianFile;
  readonly hostname: string | undefined;
  /** Lines of authorized_keys. */
  readonly sshKeys: string | undefined;
}

export interface Change {
  readonly path: string;
  /** Undefined: it is removed. */
  readonly content: Buffer | undefined;
  readonly how: "new" | "changed" | "same" | "removed";
  readonly what: string;
}

const HOME = "pinion";

/** Writes nothing. @throws CommandFailure where something on the partition stands in the way */
export function changesFor(partition: BootPartition, system: CardSystem, card: Card): readonly Change[] {
  const wanted = [...payload(card), ...starters(partition, system, card)];
  const changes = wanted.map(([path, content, what]): Change => {
    const before = partition.read(path);
    const how = before === undefined ? "new" : before.equals(content) ? "same" : "changed";
    return { path, content, how, what };
  });
  return [...leftovers(partition, wanted), ...changes];
}

/** Octets that the partition has to have free: the new beside the old, so that nothing is lost when it is not enough. */
export function octetsNeeded(changes: readonly Change[]): number {
  const written = changes.filter(({ how }) => how === "new" || how === "changed");
  return written.reduce((sum, { content }) => sum + (content?.length ?? 0), 0);
}

type Wanted = readonly [path: string, content: Buffer, what: string];

function payload({ files, package: deb, hostname, sshKeys }: Card): readonly Wanted[] {
  const text = (path: string, content: string, what: string): Wanted => [`${HOME}/${path}`, Buffer.from(content), what];
  const sums = files.map(({ name, sha256 }) => `${sha256}  etc/${name}\n`).join("");
  return [
    [`${HOME}/package.deb`, deb.content, `pinion ${deb.version} for ${deb.architecture}`],
    text("package.sums", `${deb.sha256}  package.deb\n`, "its checksum"),
    ...files.map(({ name, content, from }): Wanted => [`${HOME}/etc/${name}`, content, `from ${from}`]),
    text("etc.sums", sums, "their checksums"),
    ...(hostname === undefined ? [] : [text("hostname", `${hostname}\n`, hostname)]),
    ...(sshKeys === undefined ? [] : [text("authorized_keys", sshKeys, "public keys for the first user")]),
    text("first-boot.sh", FIRST_BOOT_SCRIPT, "installs all of it at the first start, then removes it"),
  ];
}

function starters(partition: BootPartition, { firstBoot, cmdline }: CardSystem, card: Card): readonly Wanted[] {
  const textOf = (path: string): string | undefined => partition.read(path)?.toString("utf8");
  if (firstBoot === "firstrun") {
    return [
      ["firstrun.sh", Buffer.from(withFirstRun(textOf("firstrun.sh"))), "calls it"],
      ["cmdline.txt", Buffer.from(`${withHook(cmdline)}\n`), "has systemd run firstrun.sh"],
    ];
  }
  const parts = payload(card).map(([path, content]) => `${path} ${sha256(content)}`);
  const id = `pinion-${sha256(Buffer.from(parts.join("\n"))).slice(0, 16)}`;
  const kernel = withKernelInstanceId(cmdline, id);
  return [
    ["user-data", Buffer.from(withCommands(textOf("user-data") ?? "", card.hostname)), "has cloud-init call it"],
    [
      "meta-data",
      Buffer.from(withInstanceId(textOf("meta-data") ?? "", id)),
      "so that cloud-init takes user-data anew",
    ],
    ...(kernel === cmdline ? [] : [["cmdline.txt", Buffer.from(`${kernel}\n`), "the same"] as const]),
  ];
}

/** Of a run before with other files: secrets among them. */
function leftovers(partition: BootPartition, wanted: readonly Wanted[]): readonly Change[] {
  const paths = new Set(wanted.map(([path]) => path.toLowerCase()));
  const there = [HOME, `${HOME}/etc`].flatMap((folder) => partition.names(folder).map((name) => `${folder}/${name}`));
  return there
    .filter((path) => !paths.has(path.toLowerCase()))
    .map((path) => ({ path, content: undefined, how: "removed", what: "of a run before" }));
}

function sha256(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
