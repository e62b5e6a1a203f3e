/** The built board with its launcher, as a package lays it down, and a service manager of a few lines that starts it again. */
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, cpSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { programFolder } from "../../deploy/build.ts";
import { entriesOf, manifest } from "../../deploy/artefact/manifest.ts";
import { startScript } from "../../deploy/artefact/program-folder.ts";
import { tar } from "@pinion/client/release";
import { targets } from "../../deploy/artefact/targets.ts";
import { programs } from "../../deploy/programs.ts";
import { programScript, start, type Running } from "./programs.ts";

const service = join(import.meta.dirname, "../../deploy/service");

/** `dist/here/pinion-device` as the folder of this version, with a manifest. `start`: instead of the real one. */
export function layDown(folder: string, version: string, start?: string, ballast?: Uint8Array): void {
  programScript("pinion-device");
  mkdirSync(folder, { recursive: true });
  cpSync(programFolder("pinion-device"), folder, { recursive: true });
  const program = programs.find(({ name }) => name === "pinion-device");
  if (program === undefined) throw new Error("there is no program pinion-device");
  writeFileSync(join(folder, "start"), start ?? startScript(program));
  copyFileSync(join(service, "run"), join(folder, "run"));
  // told apart by what is in it, too
  writeFileSync(join(folder, "version.txt"), version);
  if (ballast !== undefined) writeFileSync(join(folder, "ballast.bin"), ballast);
  const name = process.arch === "arm64" ? "linux-arm64" : "linux-x64";
  const target = targets.find((one) => one.name === name);
  if (target === undefined) throw new Error(`there is no target ${name}`);
  const inside = manifest(folder, { name: "pinion-device", target }, { version, seconds: 0 });
  writeFileSync(join(folder, "manifest.json"), `${JSON.stringify(inside, undefined, 2)}\n`);
  for (const file of ["start", "run"]) chmodSync(join(folder, file), 0o755);
}

/** The archive of such a folder, as `npm run build` makes it. `ballast`: a file more. */
export function makeArtefact(folder: string, version: string, start?: string, ballast?: Uint8Array): string {
  const place = join(folder, `program-${version}`);
  layDown(place, version, start, ballast);
  const file = join(folder, `pinion-device-${version}.tar.gz`);
  writeFileSync(file, gzipSync(tar(entriesOf(place), 0, "pinion-device/")));
  return file;
}

export interface LaunchedBoard {
  readonly state: string;
  readonly config: string;
  /** What it printed, all starts together. */
  readonly output: () => string;
  readonly starts: () => number;
  /** Ends the present process, not the service. */
  kill(signal: NodeJS.Signals): void;
  /** `pinion-device <args>`, by hand. */
  byHand(...args: readonly string[]): { readonly status: number | null; readonly output: string };
  stop(): Promise<void>;
}

export interface LaunchOptions {
  readonly folder: string;
  readonly config: string;
  /** s, instead of a minute, a minute, and ten. */
  readonly probation?: number;
  readonly confirmLimit?: number;
  readonly trialLimit?: number;
}

/** Starts it, and again whenever it ends, as `Restart=always` does; not after 78. */
export function launchBoard(options: LaunchOptions): LaunchedBoard {
  const { folder, probation = 3, confirmLimit = 8, trialLimit = 600 } = options;
  const [place, state, config] = [join(folder, "package"), join(folder, "state"), join(folder, "board.yaml")];
  layDown(place, "1.0.0");
  mkdirSync(state, { recursive: true });
  writeFileSync(config, options.config);
  const env = {
    PATH: `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`,
    STATE_DIRECTORY: state,
    PINION_PROBATION: String(probation),
    PINION_CONFIRM_LIMIT: String(confirmLimit),
    PINION_TRIAL_LIMIT: String(trialLimit),
  };
  const ran: Running[] = [];
  const service = { wanted: true };
  const serve = async (): Promise<void> => {
    while (service.wanted) {
      const one = start("env", [
        "-i",
        ...Object.entries(env).map(([k, v]) => `${k}=${v}`),
        join(place, "run"),
        "--config",
        config,
      ]);
      ran.push(one);
      while (one.process.exitCode === null && one.process.signalCode === null) await sleep(20);
      if (one.process.exitCode === 78) return;
      await sleep(200);
    }
  };
  const served = serve();
  return {
    state,
    config,
    output: () => ran.map((one, i) => `--- start ${String(i + 1)}\n${one.output()}`).join("\n"),
    starts: () => ran.length,
    kill: (signal) => void ran.at(-1)?.process.kill(signal),
    byHand: (...args) => {
      const done = spawnSync(join(place, "run"), [...args, "--config", config], { env, encoding: "utf8" });
      return { status: done.status, output: done.stdout + done.stderr };
    },
    stop: async () => {
      service.wanted = false;
      await ran.at(-1)?.stop();
      await served;
    },
  };
}
