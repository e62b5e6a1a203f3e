/**
 * A board behind the system's ssh client: the user's configuration, agent and known hosts hold. One connection is opened, so that
 * nobody is asked twice, and the commands go through it. Passwords and questions about host keys are between ssh and the terminal.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CommandFailure, ExitStatus } from "../exit-status.ts";
import { sshFailure } from "./ssh-failure.ts";

export interface SshOptions {
  readonly sshKey?: string | undefined;
  readonly port?: number | undefined;
}

export interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Given {
  /** For the command's standard input. */
  readonly input?: readonly Uint8Array[];
  /** Each line of its standard output. */
  readonly onLine?: (line: string) => void;
  /** Octets of the input that are on their way. */
  readonly onSent?: (octets: number) => void;
}

export interface SshBoard {
  /** As it was named. */
  readonly name: string;
  /** @throws CommandFailure when the connection is lost */
  run(command: string, given?: Given): Promise<Ended>;
  close(): void;
}

/** s, where the user's configuration does not say. */
const CONNECT_LIMIT = 20;
const ALIVE_INTERVAL = 10;
/** Characters kept of what a command prints. */
const MOST_OUTPUT = 1_000_000;
/** Octets that a path to a socket can have, less what ssh adds while it opens it. */
const LONGEST_SOCKET = 80;

/** @throws CommandFailure that says why there is no connection, and what cures it */
export async function connectBoard(name: string, options: SshOptions): Promise<SshBoard> {
  if (!/^[^\s\p{Cc}-][^\s\p{Cc}]*$/u.test(name))
    throw new CommandFailure(ExitStatus.usage, `${JSON.stringify(name)} is no host for ssh: write pi@greenhouse.local`);
  const own = [
    ...(options.sshKey === undefined ? [] : ["-i", options.sshKey, "-o", "IdentitiesOnly=yes"]),
    ...(options.port === undefined ? [] : ["-p", String(options.port)]),
  ];
  const configured = readConfiguration(name, own);
  const args = [
    ...own,
    "-T",
    ...["ClearAllForwardings=yes", "RemoteCommand=none", "ControlMaster=no"].flatMap((one) => ["-o", one]),
    ...(configured.get("connecttimeout") === "none" ? ["-o", `ConnectTimeout=${String(CONNECT_LIMIT)}`] : []),
    ...(configured.get("serveraliveinterval") === "0" ? ["-o", `ServerAliveInterval=${String(ALIVE_INTERVAL)}`] : []),
  ];
  const place = {
    name,
    host: configured.get("hostname") ?? name,
    port: configured.get("port") ?? "22",
    sshKey: options.sshKey,
  };
  const master = await openMaster(args, name, (stderr) => sshFailure(stderr, place));
  const shared = [...args, "-S", master.socket];
  return {
    name,
    run: async (command, given = {}) => {
      const ended = await runSsh([...shared, "--", name, command], given);
      if (ended.status === 255) throw sshFailure(ended.stderr || master.stderr(), place);
      return ended;
    },
    close: () => master.close(),
  };
}

/** What ssh makes of the name, by its own account. */
function readConfiguration(name: string, own: readonly string[]): ReadonlyMap<string, string> {
  const done = spawnSync("ssh", [...own, "-G", "--", name], { encoding: "utf8" });
  if (done.error !== undefined)
    throw new CommandFailure(
      ExitStatus.usage,
      "ssh is missing: install openssh-client (sudo apt install openssh-client)",
    );
  if (done.status !== 0) throw new CommandFailure(ExitStatus.usage, `ssh: ${done.stderr.trim()}`);
  const lines = done.stdout.split("\n").map((line) => /^(\S+) (.*)$/.exec(line));
  return new Map(lines.flatMap((line) => (line === null ? [] : [[line[1] ?? "", line[2] ?? ""] as const])));
}

interface Master {
  readonly socket: string;
  readonly stderr: () => string;
  close(): void;
}

/** The connection that the commands share; a child of this process, so that it ends with it. */
async function openMaster(
  args: readonly string[],
  name: string,
  failure: (stderr: string) => CommandFailure,
): Promise<Master> {
  const base = join(tmpdir(), "pinion-");
  const folder = mkdtempSync(base.length > LONGEST_SOCKET ? "/tmp/pinion-" : base);
  const socket = join(folder, "ssh");
  const child = spawn("ssh", [...args, "-M", "-N", "-S", socket, "--", name], { stdio: ["ignore", "ignore", "pipe"] });
  const stderr = textOf(child.stderr);
  const close = (): void => {
    child.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", close);
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  for (;;) {
    if (hasEnded()) {
      close();
      await sleep(50); // its last words
      throw failure(stderr());
    }
    if (spawnSync("ssh", ["-S", socket, "-O", "check", "--", name]).status === 0) return { socket, stderr, close };
    await sleep(100);
  }
}

function runSsh(args: readonly string[], { input, onLine, onSent }: Given): Promise<Ended> {
  const child = spawn("ssh", args, { stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"] });
  const stdout = textOf(child.stdout);
  const stderr = textOf(child.stderr);
  let line = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    const lines = (line + chunk.toString("utf8")).split("\n");
    line = (lines.pop() ?? "").slice(-MOST_OUTPUT);
    for (const one of lines) onLine?.(one);
  });
  if (child.stdin !== null) {
    // one that ends early, as when a password is wrong, says so by its status
    child.stdin.on("error", () => undefined);
    void send(child.stdin, input ?? [], onSent);
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => resolve({ status: status ?? 255, stdout: stdout(), stderr: stderr() }));
  });
}

/** Octets of one piece: fine enough to tell how far it is. */
const PIECE = 65_536;

async function send(
  to: NonNullable<ChildProcess["stdin"]>,
  input: readonly Uint8Array[],
  onSent: Given["onSent"],
): Promise<void> {
  let sent = 0;
  for (const part of input) {
    for (let at = 0; at < part.length && !to.destroyed; at += PIECE) {
      const piece = part.subarray(at, at + PIECE);
      await new Promise<void>((resolve) => void to.write(piece, () => resolve()));
      sent += piece.length;
      onSent?.(sent);
    }
  }
  to.end();
}

function textOf(stream: ChildProcess["stderr"]): () => string {
  let text = "";
  stream?.on("data", (chunk: Buffer) => void (text = (text + chunk.toString("utf8")).slice(-MOST_OUTPUT)));
  return () => text;
}
