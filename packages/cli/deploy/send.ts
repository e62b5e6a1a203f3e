/** Sends what is missing, has the board install it, and tells how it goes. */
import { tar, type TarEntry } from "@pinion/client/release";
import { CommandFailure, ExitStatus } from "../exit-status.ts";
import { octetsInWords } from "../provision/octets-in-words.ts";
import type { Difference, Wanted } from "./deploy-board.ts";
import { factIn } from "./facts.ts";
import { INSTALL_SCRIPT, RECEIVE, SCRIPT_NAME } from "./install-script.ts";
import type { AsRoot } from "./root.ts";

const SECRET = 0o600;

/** @throws CommandFailure with the board's own words */
export async function sendToBoard(name: string, asRoot: AsRoot, wanted: Wanted, difference: Difference): Promise<void> {
  const archive = tar(entriesFor(wanted, difference), Math.floor(Date.now() / 1000));
  const failed: string[] = [];
  let isDone = false;
  const onLine = (line: string): void => {
    const fact = factIn(line);
    if (fact?.name === "failed") failed.push(fact.value);
    if (fact?.name === "done") isDone = true;
    if (fact?.name === "step") console.error(plain(fact.value));
  };
  const onSent = progress(archive.length);
  const command = `sh -c '${RECEIVE.replaceAll("'", `'\\''`)}'`;
  const { status, stderr } = await asRoot(command, { input: [archive], onLine, onSent });
  if (isDone) return;
  const [first = "", ...more] = failed.map(plain);
  for (const line of [first, ...more]) if (more.length > 0) console.error(line);
  const words = more.length > 0 ? "not deployed, as said above" : first || plain(stderr).trim();
  throw new CommandFailure(
    ExitStatus.applicationError,
    `${name}: ${words || `it ended with status ${String(status)}`}${/No space left|Wrote only/i.test([first, ...more].join()) ? MAKE_ROOM : ""}`,
  );
}

const MAKE_ROOM = ": make room there (sudo apt clean; sudo journalctl --vacuum-size=20M), then run this again";

function entriesFor({ files, payload, hostname, keyToMake }: Wanted, difference: Difference): readonly TarEntry[] {
  const file = (path: string, content: string | Buffer): TarEntry => ({
    kind: "file",
    path,
    mode: SECRET,
    content: Buffer.from(content),
  });
  const sums = files.map(({ name, sha256 }) => `${sha256}  etc/${name}\n`).join("");
  return [
    { kind: "folder", path: "etc", mode: 0o700 },
    ...files.map(({ name, content }) => file(`etc/${name}`, content)),
    file("etc.sums", sums),
    ...(difference.package ? payload.files.map(([path, content]) => file(path, content)) : []),
    ...(difference.hostname ? [file("hostname", `${hostname ?? ""}\n`)] : []),
    ...(keyToMake === undefined ? [] : [file("key", `${keyToMake}\n`)]),
    file(SCRIPT_NAME, INSTALL_SCRIPT),
  ];
}

/** Each tenth of what takes a while. */
function progress(all: number): (sent: number) => void {
  let told = 0;
  return (sent) => {
    const tenths = Math.floor((10 * sent) / all);
    if (all < 1_000_000 || tenths === told) return;
    told = tenths;
    console.error(`sending ${octetsInWords(all)}: ${String(10 * tenths)} %`);
  };
}

/** Words of a board must not steer the terminal. */
function plain(words: string): string {
  return words.replaceAll(/[^\P{Cc}\n]/gu, " ");
}
