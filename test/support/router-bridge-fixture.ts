/** A whole router-bridge on ephemeral loopback ports inside the test's process, stopped when the test ends. */
import assert from "node:assert/strict";
import { once, type EventEmitter } from "node:events";
import { connect, type Socket } from "node:net";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { formatProblems } from "@pinion/config";
import { Bridge } from "../../router-bridge/bridge.ts";
import { readConfigText } from "../../router-bridge/config.ts";
import type { Log } from "../../router-bridge/log.ts";

export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly code: string | undefined;
  readonly words: string;
}

export interface TestBridge {
  readonly bridge: Bridge;
  /** Of the first listener. */
  readonly port: number;
  /** `127.0.0.1:<port>`. */
  readonly at: string;
  readonly lines: readonly LogLine[];
  /** The warning of this code, once it was written. */
  readonly warned: (code: string) => Promise<LogLine>;
}

/** `yaml` without `listen` gets one on an ephemeral port. */
export async function startBridge(
  t: TestContext,
  yaml = "",
  options: { readonly dashboardFolder?: string } = {},
): Promise<TestBridge> {
  const listen = /^listen:/m.test(yaml) ? "" : "listen:\n  - tcp: 127.0.0.1:0\n";
  // most tests leave without a word, and none should wait for that
  const limits = /^limits:/m.test(yaml) ? "" : "limits: { goodbyeTimeout: 50 }\n";
  const text = `${listen}${limits}${yaml}`;
  const result = readConfigText(text, "test.yaml");
  assert.ok(result.ok, result.ok ? "" : formatProblems(result.problems));
  const lines: LogLine[] = [];
  const bridge = new Bridge(result.config, {
    log: logInto(lines),
    dashboardFolder: options.dashboardFolder,
    now: () => performance.now(),
    random: Math.random,
  });
  t.after(() => bridge.stop());
  await bridge.start();
  const port = Number(bridge.addresses[0]?.address.split(":").at(-1));
  return {
    bridge,
    port,
    at: `127.0.0.1:${String(port)}`,
    lines,
    warned: (code) => eventually(() => lines.find((line) => line.code === code), `a warning ${code}`),
  };
}

export function logInto(lines: LogLine[]): Log {
  const at =
    (level: LogLine["level"]) =>
    (fields: object, words: string): void => {
      const code = "code" in fields ? String(fields.code) : undefined;
      lines.push({ level, code, words });
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** `once`, with what was emitted as unknown values. */
export async function heard(emitter: EventEmitter, event: string): Promise<readonly unknown[]> {
  return (await once(emitter, event)) as unknown[]; // typed any[]
}

/** Polls until `look` gives something; a test's own timeout is the bound that matters. */
export async function eventually<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
  what: string,
): Promise<T> {
  const end = Date.now() + 20_000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`${what} did not come`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export async function openSocket(t: TestContext, port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => undefined);
  t.after(() => socket.destroy());
  await once(socket, "connect");
  return socket;
}

/** Everything the other end sends until it ends. */
export async function readToEnd(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  if (!socket.closed) await new Promise((resolve) => socket.once("close", resolve));
  return Buffer.concat(chunks);
}

/** Exactly `count` octets; the rest stays in the socket. */
export async function readExactly(socket: Socket, count: number): Promise<Buffer> {
  for (;;) {
    // read gives a Buffer unless an encoding was set
    const chunk = socket.read(count) as Buffer | null;
    if (chunk !== null) {
      assert.equal(chunk.length, count);
      return chunk;
    }
    await once(socket, "readable");
  }
}

export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "pinion-bridge-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
