/**
 * `npm start`: the built programs on this machine: router-bridge with the embedded router and the dashboard, a simulated
 * board, and a made-up meter behind a real pseudo-terminal. Ctrl-C ends them in order.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseDocument } from "yaml";
import { buildAll, programFolder } from "./build.ts";

const root = join(import.meta.dirname, "..");
const runFolder = join(root, "dist", "run");
const meterPort = join(runFolder, "meter");
const children: { readonly name: string; readonly process: ChildProcess }[] = [];
let ending = false;

function readPort(): number {
  const at = process.argv.indexOf("--port");
  const text = at === -1 ? (process.env["PINION_PORT"] ?? "8080") : (process.argv[at + 1] ?? "");
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    stop(`--port needs a number from 1 to 65535, not '${text}'`);
  return port;
}

function stop(message: string): never {
  console.error(`npm start: ${message}`);
  process.exit(1);
}

function launch(name: string, command: string, args: readonly string[]): void {
  // a group of its own: Ctrl-C comes here alone, and once to each from here; a second signal would end the board at once
  const child = spawn(command, args, { stdio: ["ignore", "inherit", "inherit"], cwd: runFolder, detached: true });
  child.on("error", (error) => {
    console.error(`npm start: ${name} could not be started: ${error.message}`);
    void end(1);
  });
  child.on("exit", (status, signal) => {
    if (ending) return;
    const hint = name === "router-bridge" ? "; another port: npm start -- --port 8081" : "";
    console.error(`npm start: ${name} ended (${signal ?? `status ${String(status)}`}); stopping the rest${hint}`);
    void end(1);
  });
  children.push({ name, process: child });
}

/** In reverse order of starting: the board says goodbye while its router is still there. */
async function end(status: number): Promise<void> {
  if (ending) return;
  ending = true;
  for (const { process: child } of children.toReversed()) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) continue;
    const gone = once(child, "exit");
    child.kill("SIGTERM");
    const tooLong = sleep(5000, "late" as const);
    if ((await Promise.race([gone, tooLong])) === "late") child.kill("SIGKILL");
  }
  process.exit(status);
}

/** The example board with this run's meter and router in it. */
function writeBoardConfig(port: number): string {
  const document = parseDocument(readFileSync(join(root, "deploy/examples/simulated-board.yaml"), "utf8"));
  document.setIn(["router", "url"], `rs://127.0.0.1:${String(port)}`);
  document.setIn(["drivers", 1, "ports", "meter", "path"], meterPort);
  const file = join(runFolder, "board.yaml");
  writeFileSync(file, document.toString());
  return file;
}

async function waitFor(what: string, done: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!ending && !(await done())) {
    if (Date.now() > deadline) {
      console.error(`npm start: ${what} did not come within 20 s`);
      await end(1);
    }
    await sleep(50);
  }
}

/** Before anything is built or started: a router that is there already would be taken for the one of this run. */
async function refuseTaken(port: number): Promise<void> {
  const probe = createServer().listen(port, "127.0.0.1");
  try {
    await once(probe, "listening");
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : String(error);
    const why = reason === "EADDRINUSE" ? "is in use by another program" : `cannot be listened on (${reason})`;
    stop(`port ${String(port)} ${why}; stop what uses it, or choose another port: npm start -- --port 8081`);
  }
  probe.close();
  await once(probe, "close");
}

async function healthy(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${String(port)}/healthz`)).ok;
  } catch {
    return false; // not listening yet
  }
}

const port = readPort();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => void end(0));
await refuseTaken(port);
await buildAll();
mkdirSync(runFolder, { recursive: true });
rmSync(meterPort, { force: true });

const program = (name: string): string => join(programFolder(name), `${name}.cjs`);
launch("router-bridge", process.execPath, [program("pinion-router-bridge"), "--listen", `127.0.0.1:${String(port)}`]);
await waitFor("the router-bridge", () => healthy(port));
launch("meter", "socat", [
  `pty,raw,echo=0,link=${meterPort}`,
  `EXEC:${process.execPath} ${join(root, "deploy/simulated-meter.ts")}`,
]);
await waitFor("the meter's serial port", () => existsSync(meterPort));
launch("board", process.execPath, [program("pinion-device"), "--config", writeBoardConfig(port)]);

const url = port === 8080 ? "" : ` --url rs://127.0.0.1:${String(port)}`;
console.log(`
  Dashboard         http://127.0.0.1:${String(port)}/
  Watch sensors     npx pinion subscribe 'sensor.*'${url}
  Switch a pin      npx pinion call device.gpio.set relay 1${url}
  Stop              Ctrl-C
`);
