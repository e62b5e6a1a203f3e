/** What is measured, as processes on ports of their own. Each is started as a user would start it, logs left out. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, start, until, type Running } from "../support/programs.ts";

export type ServerName =
  | "pinion"
  | "pinion-metrics"
  | "pinion-drop-oldest"
  | "pinion-relay"
  | "mosquitto"
  | "aedes"
  | "fox-wamp"
  | "wamp.rt"
  | "copier"
  | "relay";

export interface Server {
  readonly port: number;
  /** Where it speaks WebSocket, if that is another port. */
  readonly webSocket?: number;
  /** All its processes: their CPU and memory are its cost. */
  readonly pids: readonly number[];
  /** How one of its processes has ended by itself; undefined while all of them run. */
  ended(): string | undefined;
  stop(): Promise<void>;
}

export interface Options {
  /** The router-bridge's script. */
  readonly program: string;
  /** Sessions that will be opened, where the defaults would not allow them. */
  readonly connections?: number;
}

const starts: Readonly<Record<ServerName, (options: Options) => Promise<Server>>> = {
  pinion: (options) => startPinion(options),
  "pinion-metrics": (options) => startPinion(options, ["metrics: true"]),
  "pinion-drop-oldest": (options) => startPinion(options, ["limits: { slowConsumer: drop-oldest }"]),
  "pinion-relay": startRelay,
  mosquitto: startMosquitto,
  aedes: () => startRival("aedes"),
  "fox-wamp": () => startRival("fox-wamp"),
  "wamp.rt": () => startRival("wamp.rt"),
  copier: () => startBare("copy"),
  relay: () => startBare("relay"),
};

export function startServer(name: ServerName, options: Options): Promise<Server> {
  return starts[name](options);
}

async function startRival(name: string): Promise<Server> {
  const port = await freePort();
  return listening(port, start(process.execPath, [join(import.meta.dirname, "rival.ts"), name, String(port)]));
}

async function startPinion({ program, connections }: Options, further: readonly string[] = []): Promise<Server> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "pinion-bench-"));
  const file = join(folder, "bridge.yaml");
  const config = [
    `listen: [{ tcp: "127.0.0.1:${String(port)}" }]`,
    ...further,
    ...(connections === undefined ? [] : [`limits: { connections: ${String(connections)} }`]),
  ];
  writeFileSync(file, `${config.join("\n")}\n`);
  const profile = process.env["PINION_BENCH_PROFILE"];
  const flags = profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`];
  const server = await listening(port, start(process.execPath, [...flags, program, "--config", file]));
  return {
    ...server,
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startRelay(options: Options): Promise<Server> {
  const router = await startPinion(options);
  const relay = await startPinion(options, [`upstream: { url: "rs://127.0.0.1:${String(router.port)}" }`]);
  return {
    port: relay.port,
    pids: [...relay.pids, ...router.pids],
    ended: () => relay.ended() ?? router.ended(),
    stop: async () => {
      await relay.stop();
      await router.stop();
    },
  };
}

/** Its queues are opened and Nagle is off, or it would drop and wait where the others do not. */
async function startMosquitto(): Promise<Server> {
  const port = await freePort();
  const webSocket = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "pinion-bench-"));
  const file = join(folder, "mosquitto.conf");
  const config = [
    `listener ${String(port)} 127.0.0.1`,
    `listener ${String(webSocket)} 127.0.0.1`,
    "protocol websockets",
    "allow_anonymous true",
    "persistence false",
    "log_type error",
    "set_tcp_nodelay true",
    "max_queued_messages 0",
    "max_inflight_messages 0",
    "max_connections -1",
  ];
  writeFileSync(file, `${config.join("\n")}\n`);
  const command = `ulimit -n "$(ulimit -Hn)"; PATH="$PATH:/usr/sbin" exec mosquitto -c '${file}'`;
  const server = await listening(port, start("sh", ["-c", command]));
  return {
    ...server,
    webSocket,
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startBare(mode: "copy" | "relay"): Promise<Server> {
  const child = fork(new URL("bare-copier.ts", import.meta.url), [mode]);
  // It says its port and nothing else.
  const [port] = (await once(child, "message")) as [number];
  return { port, pids: [pidOf(child)], ended: () => howItEnded(child), stop: () => endChild(child) };
}

async function endChild(child: ChildProcess): Promise<void> {
  if (howItEnded(child) !== undefined) return;
  const gone = once(child, "exit");
  child.disconnect();
  await gone;
}

async function listening(port: number, running: Running): Promise<Server> {
  await until("its port", () => answers(port, running), 30_000, running.output);
  return {
    port,
    pids: [pidOf(running.process)],
    ended: () => howItEnded(running.process),
    stop: async () => {
      await running.stop();
    },
  };
}

async function answers(port: number, { process: child, output }: Running): Promise<boolean> {
  if (child.exitCode !== null) throw new Error(`it ended: ${output()}`);
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false; // not listening yet
  } finally {
    socket.destroy();
  }
}

function howItEnded({ exitCode, signalCode }: ChildProcess): string | undefined {
  if (signalCode !== null) return `ended by ${signalCode}`;
  return exitCode === null ? undefined : `ended with status ${String(exitCode)}`;
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error("it could not be started");
  return pid;
}
