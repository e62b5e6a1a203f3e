/*
 * `npm start`: router-bridge, board and backend of this folder, until Ctrl-C. `node start.mjs bridge`, `board`, `backend` or
 * `pinion ...` is one of them in this very process, as the services run them; `check` reads the configurations and ends.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const target = `linux-${process.arch === "arm" ? "armv7" : process.arch}`;
const PATIENCE = 5000;

/** Each part: its script, and what it is always given. */
const parts = {
  bridge: [program("pinion-router-bridge"), "--config", "bridge.yaml"],
  board: [program("pinion-device"), "--config", "board.yaml"],
  backend: [join(here, "backend/sensors-to-csv.mjs")],
  pinion: [program("pinion")],
};

function program(name) {
  return join(here, "programs", target, name, `${name}.cjs`);
}

function stop(words) {
  console.error(`{{name}}: ${words}`);
  process.exit(1);
}

function refuseWrongMachine() {
  if (Number(process.versions.node.split(".")[0]) < 20) stop(`Node 20 or newer is needed, this is ${process.version}`);
  if (existsSync(parts.board[0])) return;
  const there = existsSync(join(here, "programs")) ? readdirSync(join(here, "programs")).join(", ") : "none";
  stop(
    `there are no programs for this machine (${target}) in programs/, but for: ${there}. The README says how to add them`,
  );
}

/** In this process: another one would cost a small board 40 MB. */
async function become(part, more) {
  const [script, ...args] = parts[part];
  process.argv = [process.execPath, script, ...args, ...more];
  await import(pathToFileURL(script).href);
}

async function check() {
  const ends = [];
  for (const part of ["bridge", "board"]) {
    const [script, ...args] = parts[part];
    const child = spawn(process.execPath, [script, ...args, "--check"], { stdio: "inherit" });
    ends.push(await new Promise((resolve) => child.on("exit", (status) => resolve(status ?? 1))));
  }
  process.exitCode = Math.max(...ends);
}

const running = [];
let ending = false;

function launch(part, onOutput) {
  // a group of its own: Ctrl-C at the terminal comes here, and once to each part from here
  const child = spawn(process.execPath, parts[part], {
    stdio: ["ignore", onOutput ? "pipe" : "inherit", "inherit"],
    detached: true,
  });
  child.on("error", (error) => void end(1, `${part} could not be started: ${error.message}`));
  child.on("exit", (status, signal) => {
    if (ending) return;
    const port = part === "bridge" ? "; another port: change it in bridge.yaml, board.yaml and backend/" : "";
    void end(1, `${part} ended (${signal ?? `status ${String(status)}`}); stopping the rest${port}`);
  });
  if (onOutput) {
    child.stdout.on("data", (chunk) => {
      process.stdout.write(chunk);
      onOutput(String(chunk));
    });
  }
  running.push(child);
}

/** In reverse order: the board says goodbye while its router is there. */
async function end(status, words) {
  if (ending) return;
  ending = true;
  if (words !== undefined) console.error(`{{name}}: ${words}`);
  for (const child of running.reverse()) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) continue;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), PATIENCE + 5000);
    await gone;
    clearTimeout(late);
  }
  process.exit(status);
}

/** The router-bridge says where it listens; one that was told to log less is given its time. */
function bridgeListening() {
  return new Promise((resolve) => {
    const late = setTimeout(resolve, PATIENCE);
    let text = "";
    launch("bridge", (chunk) => {
      text = (text + chunk).slice(-10_000);
      const [, url] = /listening on (https?:\/\/\S+)/.exec(text) ?? [];
      if (url === undefined) return;
      clearTimeout(late);
      resolve(url);
    });
  });
}

async function all() {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => void end(0));
  const url = (await bridgeListening()) ?? "the address in bridge.yaml, ";
  if (ending) return;
  launch("board");
  launch("backend");
  console.log(`
  Your page     ${url}home/
  Dashboard     ${url}
  Log in        as operator; the secret: cat secrets/operator.secret
  Readings      data/*.csv
  Stop          Ctrl-C
`);
}

process.chdir(here);
refuseWrongMachine();
const [part, ...more] = process.argv.slice(2);
if (part === undefined) await all();
else if (part === "check") await check();
else if (Object.hasOwn(parts, part)) await become(part, more);
else stop(`there is no '${part}': it is one of ${Object.keys(parts).join(", ")}, check, or nothing for all`);
