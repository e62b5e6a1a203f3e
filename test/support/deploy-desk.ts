/** A person at a desk with a board behind ssh: runs `pinion deploy` there as they would type it. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { programScript } from "./programs.ts";
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
  /** A file of the desk. */
  write(name: string, text: string): void;
  /** What of Pinion is on the board, and whether its service runs. */
  state(): string;
}

export async function startDeployDesk(): Promise<DeployDesk> {
  const board = await startSshBoard();
  devicePackage(join(board.desk, "pinion.deb"));
  const env = { ...process.env, PATH: `${join(board.desk, "bin")}:${process.env["PATH"] ?? ""}` };
  return {
    ...board,
    deploy: (...args) => {
      const words = [programScript("pinion"), "deploy", ...args];
      const done = spawnSync(process.execPath, words, { cwd: board.desk, env, encoding: "utf8", timeout: 120_000 });
      return { status: done.status, stdout: done.stdout, stderr: done.stderr, text: `${done.stdout}${done.stderr}` };
    },
    write: (name, text) => writeFileSync(join(board.desk, name), text, { mode: 0o600 }),
    state: () =>
      board.inside(`cd /; sha256sum etc/pinion/* 2>/dev/null; dpkg-query -W -f '\${Version} \${Status}\\n' pinion 2>/dev/null
        systemctl show -p ActiveState -p InvocationID pinion-device; cat etc/hostname; ls -d var/lib/pinion-deploy 2>/dev/null; true`),
  };
}

/** A configuration with a simulated pin. */
export function boardConfig(url: string, further = ""): string {
  return `device: { id: greenhouse }
router: { url: "${url}"${further === "" ? "" : `, ${further}`} }
board: { gpio: simulated }
drivers: [{ use: gpio, pins: { relay: { pin: GPIO17, direction: out } } }]
`;
}
