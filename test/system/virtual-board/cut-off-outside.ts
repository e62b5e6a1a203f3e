/**
 * Outside a board whose power goes again and again: the built router-bridge with accounts, and a maintainer who sends the next release
 * each time the board is there. argv[2]: a folder with accounts and releases; argv[3]: one shared with the board, which says by files
 * that it is ready. What was seen goes to seen.jsonl in the first. CUTS as for the board's side.
 */
import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BOARD, MAINTAINER } from "../../support/board-accounts.ts";
import { programScript, start, startBridge, until, type Running } from "../../support/programs.ts";

const PORT = 8080;
const [, , folder = "", shared = "", ...cuts] = process.argv;
/** ms; everything takes long on an emulated processor. */
const PATIENCE = 900_000;

const fact = (name: string, value: unknown): void =>
  appendFileSync(join(folder, "seen.jsonl"), `${JSON.stringify([name, value])}\n`);

function send(boot: number): Running {
  const file = join(folder, `pinion-device-1.0.${String(boot)}-linux-arm64.tar.gz`);
  const login = ["--authid", MAINTAINER, "--key-file", join(folder, `${MAINTAINER}.key`)];
  const link = ["--url", `rs://127.0.0.1:${String(PORT)}`];
  return start(process.execPath, [programScript("pinion"), "update", file, "--to", BOARD, ...login, ...link]);
}

const bridge = await startBridge(PORT, ["--config", join(folder, "bridge.yaml")]);
process.once("SIGTERM", () => void bridge.stop().then(() => process.exit(0)));
for (let boot = 1; boot <= cuts.length + 1; boot += 1) {
  const isThere = (name: string) => (): boolean => existsSync(join(shared, name));
  await until(`start ${String(boot)}`, isThere(`ready-${String(boot)}`), PATIENCE);
  if (cuts[boot - 1]?.startsWith("d") === true) continue;
  const sending = send(boot);
  // only what has begun can be cut off
  await until("the first words", () => sending.output() !== "" || sending.process.exitCode !== null, PATIENCE);
  writeFileSync(join(shared, `sending-${String(boot)}`), "");
  if (boot <= cuts.length) {
    // by itself it would go on then
    await until("the next start", isThere(`up-${String(boot + 1)}`), PATIENCE);
    const status = await sending.stop("SIGKILL");
    fact(`update in start ${String(boot)} says`, `${String(status)} ${sending.output()}`);
  } else {
    await until("the end of the last update", () => sending.process.exitCode !== null, PATIENCE, sending.output);
    fact("the last update", sending.process.exitCode);
    fact("the last update says", sending.output());
    writeFileSync(join(shared, "finished"), "");
  }
}
