/** A person at a desk with a board behind ssh: runs `pinion deploy` there as they would type it. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, beforeEach } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort, programScript, startBridge, type Running } from "./programs.ts";
import { devicePackage } from "./small-package.ts";
import { type SshBoard, startSshBoard } from "./ssh-board.ts";

export interface Typed {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, for messages. */
  readonly text: string;
}

export interface DeployDesk extends SshBoard {
  /** `pinion deploy <args>`; without a terminal. */
  deploy(...args: readonly string[]): Typed;
  /** That `pinion deploy board <args>` ends with these words and leaves all as it was. */
  refuses(args: readonly string[], words: RegExp, status?: number): void;
  /** A file of the desk. */
  write(name: string, text: string): void;
  /** What of Pinion is on the board, and whether its service runs. */
  state(): string;
  /** `pinion deploy board <args>`; calls `cut` once its words are there; answers all of them when it has ended. */
  cutOff(args: readonly string[], after: RegExp, cut: () => void | Promise<void>): Promise<string>;
  /** Whether the board finishes by itself what was begun, within a minute. */
  isFinished(): Promise<boolean>;
}

/**
 * For a file of tests: one router, and for each test a desk with a board of its own and a configuration for that router, handed to `begin`:
 * none is to live on what another one left.
 */
export function deskForEach(skip: false | string, begin: (desk: DeployDesk) => void): void {
  if (skip !== false) return;
  let desk: DeployDesk | undefined;
  let bridge: Running | undefined;
  let url = "";
  before(async () => {
    const port = await freePort();
    url = `rs://127.0.0.1:${String(port)}`;
    bridge = await startBridge(port);
  });
  after(async () => void (await bridge?.stop()));
  beforeEach(async () => {
    desk = await startDeployDesk();
    desk.write("board.yaml", boardConfig(url));
    begin(desk);
  });
  afterEach(() => desk?.end());
}

export async function startDeployDesk(): Promise<DeployDesk> {
  const board = await startSshBoard();
  devicePackage(join(board.desk, "pinion.deb"));
  const env = { ...process.env, PATH: `${join(board.desk, "bin")}:${process.env["PATH"] ?? ""}` };
  const desk: DeployDesk = {
    ...board,
    deploy: (...args) => {
      const words = [programScript("pinion"), "deploy", ...args];
      const done = spawnSync(process.execPath, words, { cwd: board.desk, env, encoding: "utf8", timeout: 120_000 });
      return { status: done.status, stdout: done.stdout, stderr: done.stderr, text: `${done.stdout}${done.stderr}` };
    },
    refuses: (args, words, status = 2) => {
      const earlier = desk.state();
      const done = desk.deploy("board", ...args);
      assert.match(done.stderr, words);
      assert.equal(done.status, status, done.text);
      assert.equal(desk.state(), earlier);
    },
    cutOff: async (args, after, cut) => {
      const words = [programScript("pinion"), "deploy", "board", ...args];
      const one = spawn(process.execPath, words, { cwd: board.desk, env });
      let text = "";
      let cutting: void | Promise<void> | undefined;
      const onData = (chunk: Buffer): void => {
        text += chunk.toString();
        if (after.test(text)) cutting ??= cut() ?? Promise.resolve();
      };
      one.stdout.on("data", onData);
      one.stderr.on("data", onData);
      await once(one, "exit");
      assert.ok(cutting !== undefined, text);
      await cutting;
      return text;
    },
    isFinished: async () => {
      const left = "/var/lib/pinion-deploy /etc/systemd/system/pinion-deploy.service";
      for (let tries = 0; tries < 120; tries += 1) {
        const told = board.inside(`systemctl is-active pinion-device; ls -d ${left} 2>/dev/null; true`);
        if (told === "active\n") return true;
        await sleep(500);
      }
      return false;
    },
    write: (name, text) => writeFileSync(join(board.desk, name), text, { mode: 0o600 }),
    state: () =>
      board.inside(`cd /; sha256sum etc/pinion/* 2>/dev/null; dpkg-query -W -f '\${Version} \${Status}\\n' pinion 2>/dev/null; cat usr/lib/pinion/package/content 2>/dev/null
        systemctl show -p ActiveState -p InvocationID pinion-device; cat etc/hostname; ls -d var/lib/pinion-deploy 2>/dev/null; true`),
  };
  return desk;
}

/** A configuration with a simulated pin. */
export function boardConfig(url: string, further = ""): string {
  return `device: { id: greenhouse }
router: { url: "${url}"${further === "" ? "" : `, ${further}`} }
board: { gpio: simulated }
drivers: [{ use: gpio, pins: { relay: { pin: GPIO17, direction: out } } }]
`;
}

/** As on a system of another kind: nothing of Debian's packages, nor what of it knows of units. */
export function withoutDpkg(desk: DeployDesk): void {
  desk.inside("mkdir /away; mv /usr/bin/dpkg* /usr/bin/deb-systemd-* /away");
}
