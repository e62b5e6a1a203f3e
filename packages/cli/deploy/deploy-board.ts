/** From the options to a board that has joined: all is read, checked and told, then sent, then waited for. */
import { CommandFailure, ExitStatus } from "../exit-status.ts";
import { type BoardFiles, readBoardFiles } from "../provision/board-files.ts";
import type { DebianFile } from "../provision/debian-file.ts";
import { findPackage } from "../provision/find-package.ts";
import { checkHostname } from "../provision/hostname.ts";
import { octetsInWords } from "../provision/octets-in-words.ts";
import { type Look, lookAtBoard } from "./look.ts";
import { type Payload, payloadOf } from "./payload.ts";
import { refuseWithoutRoom } from "./room.ts";
import { type AsRoot, rootOf } from "./root.ts";
import { sendToBoard } from "./send.ts";
import { connectBoard, type SshBoard } from "./ssh.ts";
import { surveyBoard, type Survey } from "./survey.ts";
import { waitForLink } from "./wait-for-link.ts";

export interface DeployOptions {
  readonly config: string;
  readonly credentials?: string;
  readonly package?: string;
  readonly hostname?: string;
  readonly sshKey?: string;
  readonly port?: number;
  readonly sudoPasswordFile?: string;
  /** s; false: it is not waited. */
  readonly wait: number | false;
  readonly dryRun?: true;
}

/** What is to be on the board. */
export interface Wanted extends BoardFiles {
  readonly package: DebianFile;
  readonly hasDpkg: boolean;
  readonly payload: Payload;
  readonly hostname: string | undefined;
}

/** What of it is not there yet. */
export interface Difference {
  readonly package: boolean;
  readonly files: ReadonlyMap<string, "new" | "changed" | "same">;
  readonly key: boolean;
  readonly hostname: boolean;
  /** The service is off, or does not run, or a run before was not finished. */
  readonly service: boolean;
}

/** @throws CommandFailure; whatever is wrong before anything is sent leaves the board as it was */
export async function deployBoard(name: string, options: DeployOptions): Promise<void> {
  const hostname = options.hostname === undefined ? undefined : checkHostname(options.hostname);
  const files = readBoardFiles(options.config, { folder: options.credentials, mayMakeKey: true });
  const board = await connectBoard(name, options);
  try {
    const look = await lookAtBoard(board);
    const deb = findPackage(options.package, look.architecture);
    refuseWithoutNode(deb, look);
    const { hasDpkg } = look;
    const wanted = { ...files, hostname, package: deb, hasDpkg, payload: payloadOf(deb, hasDpkg) };
    const asRoot = await rootOf(board, look.facts, options.sudoPasswordFile);
    const survey = await surveyBoard(name, asRoot);
    const difference = differenceOf(wanted, look, survey);
    tell(name, { wanted, look, survey, difference });
    refuseWithoutRoom(name, wanted, survey, difference);
    if (options.dryRun === true) return console.log("dry run: nothing was changed");
    const isDone = !hasAny(difference);
    if (isDone) console.log(`nothing to change: ${name} has pinion ${wanted.package.version} with this configuration`);
    else await sendToBoard(name, asRoot, wanted, difference);
    await follow(board, asRoot, { wanted, isNew: difference.key, wait: options.wait });
  } finally {
    board.close();
  }
}

function differenceOf(wanted: Wanted, { facts }: Look, { facts: found, files }: Survey): Difference {
  const isThere = facts.one("package") === `${wanted.package.version} install ok installed`;
  const how = (name: string, sha256: string): "new" | "changed" | "same" => {
    const there = files.get(name);
    if (there === undefined) return "new";
    return there.sha256 === sha256 && there.rights === "root:pinion 640" ? "same" : "changed";
  };
  return {
    package: !isThere || facts.one("content") !== wanted.package.content256,
    files: new Map(wanted.files.map(({ name, sha256 }) => [name, how(name, sha256)])),
    key: wanted.keyToMake !== undefined && !files.has(wanted.keyToMake),
    hostname: wanted.hostname !== undefined && wanted.hostname !== facts.one("name"),
    service: found.one("enabled") !== "enabled" || found.one("active") !== "active" || found.one("begun") !== "",
  };
}

function hasAny({ files, ...rest }: Difference): boolean {
  return Object.values(rest).includes(true) || [...files.values()].some((how) => how !== "same");
}

interface Told {
  readonly wanted: Wanted;
  readonly look: Look;
  readonly survey: Survey;
  readonly difference: Difference;
}

function tell(name: string, { wanted, look, survey, difference }: Told): void {
  console.log(`${wanted.words}\n`);
  console.log(`${name}: ${look.facts.one("system") || "Linux"}, ${look.architecture}`);
  const line = (how: string, place: string, what: string): void =>
    console.log(`  ${how.padEnd(8)} ${place.padEnd(28)} ${what}`);
  for (const words of packageLines(wanted, look, difference)) line(...words);
  for (const { name: file, from } of wanted.files)
    line(difference.files.get(file) ?? "new", `/etc/pinion/${file}`, `from ${from}`);
  if (wanted.keyToMake !== undefined)
    line(difference.key ? "new" : "kept", `/etc/pinion/${wanted.keyToMake}`, "the board's own key, made there");
  if (wanted.hostname !== undefined) line(difference.hostname ? "changed" : "same", "/etc/hostname", wanted.hostname);
  line(hasAny(difference) ? "started" : "same", "pinion-device.service", "enabled, runs with the board");
  if (survey.facts.one("applied") !== "" && difference.files.get("board.yaml") === "same")
    console.log("warning: a configuration applied from afar may be in force: `pinion-device config show` on the board");
}

type Line = readonly [how: string, place: string, what: string];

function packageLines(
  { package: deb, hasDpkg, payload }: Wanted,
  { facts }: Look,
  difference: Difference,
): readonly Line[] {
  const before = facts.one("package").split(" ")[0] ?? "";
  const how = difference.package ? (before === "" ? "new" : "changed") : "same";
  const what = `pinion ${deb.version} for ${deb.architecture}, ${octetsInWords(payload.octets)}, from ${deb.file}`;
  const isOther = difference.package && before !== "";
  return [
    [how, "package", what],
    ...(isOther ? [["", "", `now there: ${before}`] as const] : []),
    ...(hasDpkg
      ? []
      : [["", "", "unpacked, as there is no dpkg; off again: sudo sh /usr/lib/pinion/package/remove"] as const]),
  ];
}

/** The board would find that out when half of it is done. */
function refuseWithoutNode({ hasNode }: DebianFile, { facts }: Look): void {
  const there = /^(?:\d+:)?(\d+)/.exec(facts.one("nodejs"))?.[1];
  if (hasNode || Number(there ?? 0) >= 20) return;
  const has = there === undefined ? "none" : `Node ${there}`;
  throw new CommandFailure(
    ExitStatus.usage,
    `the package brings no Node, and the board has ${has}, of 20 that it needs: \`npm run build -- --with-node\` makes one that does. Nothing was changed`,
  );
}

interface Following {
  readonly wanted: Wanted;
  /** The board's key has just been made. */
  readonly isNew: boolean;
  readonly wait: number | false;
}

async function follow(board: SshBoard, asRoot: AsRoot, { wanted, isNew, wait }: Following): Promise<void> {
  const howToAccept = wanted.keyToMake === undefined ? "" : await acceptWords(asRoot);
  if (isNew) console.log(howToAccept);
  if (wait !== false) await waitForLink(board, wait, isNew ? "" : howToAccept);
}

/** The line is no secret: it holds the public key. */
async function acceptWords(asRoot: AsRoot): Promise<string> {
  const { stdout } = await asRoot("pinion-device enroll --config /etc/pinion/board.yaml", {});
  const line = /^pinion-enroll:\S+$/m.exec(stdout)?.[0] ?? "<what `pinion enroll` prints on the board>";
  return `its router has to know the board's key: let it in there, as somebody of the role maintainer:\n\n    pinion enroll accept '${line}' --url <router> --authid <you> --key-file <your key>\n`;
}
