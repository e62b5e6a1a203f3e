/**
 * The process of one driver that somebody else wrote. It has the driver's code and nothing else: hardware, store, log and
 * readings are the board's, over one pipe. What the driver throws outside of any call ends this process, and nothing else.
 */
import { Socket } from "node:net";
import * as authoring from "../../../drivers/authoring/index.ts";
import type { DriverContext, DriverHealth, DriverInstance, Log } from "../../../drivers/driver.ts";
import { newMemory } from "../../../drivers/remembered.ts";
import { DriverError } from "../../../drivers/driver-error.ts";
import { MessageLink } from "../message-link.ts";
import { toWireError, wordsOf, type ToGuest, type ToHost } from "../messages.ts";
import { Questions } from "../questions.ts";
import "../schemas-of-others.ts";
import { provideDriverPackage } from "./driver-package.ts";
import { inspectDriver, loadDriver } from "./load-driver.ts";
import { ReadingGate } from "./reading-gate.ts";
import { RemoteBoard } from "./remote-board.ts";

const BEAT_EVERY = 1_000;
/** Lines of log a second; streams whose refused readings are named. */
const MOST_LOG = 50;
const MOST_NAMED = 32;

const link = new MessageLink<ToGuest, ToHost>(
  new Socket({ fd: 3 }).once("close", () => process.exit(0)),
  {
    onMessage: heard,
    onFault: () => process.exit(1),
  },
);
const questions = new Questions();
const board = new RemoteBoard({
  ask: (what, args) => questions.ask((id) => link.send({ type: "ask", id, what, args })),
});
const gate = new ReadingGate(() => performance.now());
const abort = new AbortController();
let instance: DriverInstance | undefined;
let opening: Promise<void> = Promise.resolve();
let dropped = 0;
let logged = 0;
const namedStreams = new Set<unknown>();

function heard(message: ToGuest): void {
  switch (message.type) {
    case "result":
    case "refusal":
      return questions.answered(message);
    case "inspect":
      return void inspect(message.file, message.configs);
    case "open":
      opening = open(message);
      return;
    case "abort":
      return abort.abort();
    case "invoke":
      return void invoke(message);
    case "callerLeft":
      return instance?.callerLeft?.(message.id);
    case "linkChanged":
      return instance?.linkChanged?.(message.up);
    case "event":
      return board.happened(message.handle, message.name, message.args);
    case "close":
      return void close();
  }
}

async function inspect(file: string, configs: readonly unknown[]): Promise<void> {
  try {
    link.send({ type: "inspected", driver: inspectDriver(await loadDriver(file), configs) });
  } catch (error) {
    await end(error);
  }
}

async function open({ file, config, canStore }: Extract<ToGuest, { type: "open" }>): Promise<void> {
  try {
    const driver = await loadDriver(file);
    setInterval(beat, BEAT_EVERY);
    instance = await driver.open(config, context(canStore));
    const functions: Partial<Record<keyof DriverInstance, unknown>> = instance ?? {};
    if (![functions.invoke, functions.health, functions.close].every((one) => typeof one === "function"))
      throw new DriverError("driver_fault", "What open answers is no instance", {
        cure: "It must have invoke, health and close.",
      });
    link.send({ type: "opened" });
    beat();
  } catch (error) {
    await end(error);
  }
}

async function invoke({ id, action, channel, args, caller }: Extract<ToGuest, { type: "invoke" }>): Promise<void> {
  let answer: ToHost;
  try {
    if (instance === undefined) throw new DriverError("not_open", "The driver is not open");
    answer = { type: "result", id, value: await instance.invoke(action, channel, args, caller) };
  } catch (error) {
    answer = { type: "refusal", id, error: toWireError(error) };
  }
  try {
    link.send(answer);
  } catch (error) {
    const words = `The answer of ${action} cannot be sent: ${wordsOf(error)}`;
    link.send({ type: "refusal", id, error: toWireError(new DriverError("driver_fault", words)) });
  }
}

async function close(): Promise<void> {
  await opening;
  try {
    await instance?.close();
  } catch (error) {
    log("error", `close threw what it may not throw: ${wordsOf(error)}`);
  }
  link.send({ type: "closed" });
}

function context(canStore: boolean): DriverContext {
  const say = (level: keyof Log) => (message: string, details?: Readonly<Record<string, unknown>>) =>
    log(level, message, details);
  return {
    clock: { wall: () => Date.now(), mono: () => performance.now() },
    timers: {
      after: (ms, run) => {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
    },
    random: Math.random,
    remembered: newMemory(),
    interlock: (group) => {
      const cure = "Keep it among the driver's own outputs, or drive these pins with the gpio driver.";
      throw new DriverError("unavailable", `The interlock ${group} cannot reach into a process of its own`, { cure });
    },
    log: { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") },
    ...(canStore
      ? {
          store: {
            // the host's store answers a text, or that there is none
            load: async (key) => (await questions.ask((id) => ask(id, "store.load", [key]))) as string | undefined,
            save: async (key, text) => void (await questions.ask((id) => ask(id, "store.save", [key, text]))),
          },
        }
      : {}),
    signal: abort.signal,
    board,
    publish,
    failed: (error) => link.send({ type: "failed", error: toWireError(error) }),
  };
}

function ask(id: number, what: string, args: readonly unknown[]): void {
  link.send({ type: "ask", id, what, args });
}

function publish(stream: unknown, reading: unknown): void {
  const refusal = gate.refusal(reading);
  if (refusal === undefined) {
    try {
      // the gate has just looked at each key of it
      link.send({ type: "publish", stream: String(stream), reading: reading as never });
      return;
    } catch {
      // a function or the like somewhere in it
    }
  }
  dropped += 1;
  if (namedStreams.has(stream) || namedStreams.size >= MOST_NAMED) return;
  namedStreams.add(stream);
  log("error", `a reading on ${String(stream)} was not sent: ${refusal ?? "it holds what is no JSON"}`);
}

function log(level: keyof Log, message: unknown, details?: Readonly<Record<string, unknown>>): void {
  logged += 1;
  if (logged > MOST_LOG) return;
  try {
    link.send({ type: "log", level, message: String(message).slice(0, 2_000), details });
  } catch {
    link.send({ type: "log", level, message: String(message).slice(0, 2_000), details: undefined });
  }
}

function beat(): void {
  let health: DriverHealth | undefined;
  try {
    health = instance?.health();
  } catch (error) {
    health = { state: "faulted", cause: `the driver cannot tell its health: ${wordsOf(error)}` };
  }
  const more = logged - MOST_LOG;
  logged = 0;
  if (more > 0) log("warn", `${String(more)} more lines of log in a second were left out`);
  try {
    link.send({ type: "beat", health, dropped });
  } catch (error) {
    link.send({
      type: "beat",
      health: { state: "degraded", cause: `its health cannot be told: ${wordsOf(error)}` },
      dropped,
    });
  }
  dropped = 0;
}

/** The one end of this process that is not the host's doing. */
async function end(error: unknown): Promise<void> {
  const last = setTimeout(() => process.exit(1), 500);
  await link.sendLast({ type: "fault", error: toWireError(error) });
  clearTimeout(last);
  process.exit(1);
}

function outsideOfAnyCall(what: string, error: unknown): void {
  void end(new DriverError("driver_fault", `${what}: ${wordsOf(error)}`));
}

process.on("uncaughtException", (error) => outsideOfAnyCall("It threw outside of any call", error));
process.on("unhandledRejection", (error) => outsideOfAnyCall("It left a rejected promise to nobody", error));
provideDriverPackage(authoring);
