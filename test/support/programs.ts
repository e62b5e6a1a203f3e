/**
 * The built programs as processes, for tests that run what a user runs. Each is bounded, on loopback, on a port of its own,
 * and ended by pid. What a process printed is part of every failure's message.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { programFolder } from "../../deploy/build.ts";

export interface Running {
  readonly process: ChildProcess;
  /** Standard output and error so far, for assertions and for messages. */
  readonly output: () => string;
  /** Sends the signal and waits; resolves with the exit status, or the signal's name. */
  stop(signal?: NodeJS.Signals): Promise<number | string>;
}

/** The script of a built program. @throws when it was not built. */
export function programScript(name: string): string {
  const script = join(programFolder(name), `${name}.cjs`);
  if (!existsSync(script)) throw new Error(`${script} is missing: run \`npm run build\` first`);
  return script;
}

/** Every Node at hand that the programs promise to run on: the project's, and the machine's own where it is another. */
export function nodes(): readonly string[] {
  const machine = "/usr/bin/node";
  return existsSync(machine) ? [process.execPath, machine] : [process.execPath];
}

/** Starts a command; its end is the caller's business (`stop`), or the test's `after`. */
export function start(command: string, args: readonly string[], cwd?: string): Running {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...(cwd === undefined ? {} : { cwd }) });
  let text = "";
  const keep = (chunk: Buffer): void => {
    text = (text + chunk.toString("utf8")).slice(-100_000);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  child.on("error", (error) => {
    text += `\n${error.message}`;
  });
  return {
    process: child,
    output: () => text,
    stop: async (signal = "SIGTERM") => {
      if (child.exitCode !== null) return child.exitCode;
      if (child.signalCode !== null) return child.signalCode;
      const gone = once(child, "exit");
      child.kill(signal);
      const late = setTimeout(() => child.kill("SIGKILL"), 15_000);
      await gone;
      clearTimeout(late);
      return child.exitCode ?? child.signalCode ?? "unknown";
    },
  };
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no TCP address");
  return address.port;
}

/** Polls until `test` gives something truthy. Bounds are generous: the machines are slow, order and counts are what is checked. */
export async function until<T>(
  what: string,
  test: () => Promise<T> | T,
  ms = 30_000,
  context?: () => string,
): Promise<NonNullable<T>> {
  const deadline = Date.now() + ms;
  for (;;) {
    const value = await test();
    if (value !== undefined && value !== null && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`${what} did not come within ${String(ms)} ms\n${context?.() ?? ""}`);
    await sleep(20);
  }
}

export async function startBridge(port: number, args: readonly string[] = []): Promise<Running> {
  const bridge = start(process.execPath, [
    programScript("pinion-router-bridge"),
    "--listen",
    `127.0.0.1:${String(port)}`,
    ...args,
  ]);
  await until("the router-bridge's /healthz", () => isHealthy(port, bridge), 30_000, bridge.output);
  return bridge;
}

async function isHealthy(port: number, bridge: Running): Promise<boolean> {
  if (bridge.process.exitCode !== null) throw new Error(`the router-bridge ended:\n${bridge.output()}`);
  try {
    return (await fetch(`http://127.0.0.1:${String(port)}/healthz`)).ok;
  } catch {
    return false; // not listening yet
  }
}

/** The built device with this config text. */
export function startDevice(folder: string, config: string): Running {
  const file = join(folder, "board.yaml");
  writeFileSync(file, config);
  return start(process.execPath, [programScript("pinion-device"), "--config", file]);
}

/** A folder that goes with the test. */
export function temporaryFolder(context: { after(run: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), "pinion-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
