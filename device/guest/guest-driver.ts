/**
 * A driver that runs in a process of its own, seen as any other driver. Owns the process and what it has open: when it ends,
 * whyever, its outputs go to the level they were opened with, everything is let go, and the host is told to open it anew.
 */
import { withResolvers } from "@pinion/wamp/with-resolvers";
import type { Caller, DriverContext, DriverHealth, DriverInstance } from "../../drivers/driver.ts";
import { DriverError } from "../../drivers/driver-error.ts";
import { GuestProcess } from "./guest-process.ts";
import { fromWireError, toWireError, type ToGuest, type ToHost } from "./messages.ts";
import { Questions } from "./questions.ts";
import { ServedBoard } from "./served-board.ts";

/** ms for an open that was aborted to end by itself. */
const ABORT_LIMIT = 1_000;
/** ms for it to close; the board gives each driver 1.5 s. */
const CLOSE_LIMIT = 1_000;

const MOST_KEYS = 64;
const LONGEST_TEXT = 65_536;

export interface GuestHost {
  /** The program of the process. */
  readonly script: string;
  /** Octets that it may take. */
  readonly memory: number;
}

type State = "opening" | "open" | "closing" | "ended";

class GuestDriver implements DriverInstance {
  readonly #ctx: DriverContext;
  readonly #process: GuestProcess;
  readonly #board: ServedBoard;
  readonly #questions = new Questions();
  readonly ended: Promise<DriverError>;
  readonly opened: Promise<void>;
  #state: State = "opening";
  #health: DriverHealth = { state: "ok" };
  #closing: Promise<void> | undefined;
  /** Under which it has kept something. */
  readonly #keys = new Set<string>();
  #saysClosed: () => void = () => undefined;

  constructor(file: string, config: unknown, { host, ctx }: { host: GuestHost; ctx: DriverContext }) {
    this.#ctx = ctx;
    this.#board = new ServedBoard(ctx.board, (handle, name, args) => this.#send({ type: "event", handle, name, args }));
    const opened = withResolvers<void>();
    const ended = withResolvers<DriverError>();
    this.opened = opened.promise;
    this.ended = ended.promise;
    this.#process = new GuestProcess({
      ...host,
      timers: ctx.timers,
      log: ctx.log,
      onMessage: (message) => {
        if (message.type === "opened" && this.#state === "opening") {
          this.#state = "open";
          opened.resolve();
        } else this.#heard(message);
      },
      onEnd: (cause) => {
        opened.reject(cause);
        void this.#afterEnd(cause).then(() => ended.resolve(cause));
      },
    });
    this.#send({ type: "open", file, config, canStore: ctx.store !== undefined });
  }

  abort(): void {
    if (this.#state !== "opening") return;
    this.#send({ type: "abort" });
    const cancel = this.#ctx.timers.after(ABORT_LIMIT, () => {
      this.#process.kill(new DriverError("aborted", "It did not give up opening by itself"));
    });
    void this.ended.then(cancel);
    void this.opened.then(cancel, cancel);
  }

  invoke(
    action: string,
    channel: string | number | undefined,
    args: readonly unknown[],
    caller?: Caller,
  ): Promise<unknown> {
    if (this.#state !== "open") return Promise.reject(new DriverError("closed", "The driver has ended"));
    return this.#questions.ask((id) => this.#process.send({ type: "invoke", id, action, channel, args, caller }));
  }

  callerLeft(id: string): void {
    this.#send({ type: "callerLeft", id });
  }

  linkChanged(up: boolean): void {
    this.#send({ type: "linkChanged", up });
  }

  health(): DriverHealth {
    return this.#health;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#state === "ended") return void (await this.ended);
    this.#state = "closing";
    const { timers, log } = this.#ctx;
    const said = new Promise<void>((resolve) => {
      this.#saysClosed = resolve;
    });
    const tooLong = withResolvers<void>();
    const cancel = timers.after(CLOSE_LIMIT, () => {
      log.error(
        `it did not close within ${String(CLOSE_LIMIT)} ms: its process is ended, its outputs go to their safe level`,
      );
      tooLong.resolve();
    });
    this.#send({ type: "close" });
    await Promise.race([said, this.ended, tooLong.promise]);
    cancel();
    this.#process.kill(new DriverError("closed", "The driver was closed"));
    await this.ended;
  }

  async #afterEnd(cause: DriverError): Promise<void> {
    const wasOpen = this.#state === "open";
    const wasClosing = this.#state === "closing";
    this.#state = "ended";
    const { left, faults } = await this.#board.letGo();
    const { log } = this.#ctx;
    if (left.length > 0 && wasClosing) log.warn(`it left open, and the board closed: ${left.join(", ")}`);
    else if (left.length > 0)
      log.info(`what it had open is let go, outputs at the level they were opened with: ${left.join(", ")}`);
    for (const fault of faults) log.error(`letting go of what it had open failed: ${fault}`);
    this.#questions.fail(wasClosing ? new DriverError("closed", "The driver was closed") : cause);
    if (wasOpen) this.#ctx.failed(cause);
  }

  #heard(message: ToHost): void {
    const ctx = this.#ctx;
    switch (message.type) {
      case "result":
      case "refusal":
        return this.#questions.answered(message);
      case "ask":
        return void this.#answer(message.id, message.what, message.args);
      case "publish":
        return ctx.publish(message.stream, message.reading);
      case "failed":
        return ctx.failed(fromWireError(message.error));
      case "log":
        return ctx.log[message.level](message.message, message.details);
      case "beat":
        return this.#beat(message.health, message.dropped);
      case "closed":
        return this.#saysClosed();
      case "opened":
      case "inspected":
      case "fault":
        return;
    }
  }

  #beat(health: DriverHealth | undefined, dropped: number): void {
    if (health !== undefined) this.#health = health;
    if (dropped === 0) return;
    const cause = `${String(dropped)} readings of the last second were too many, or not fit to be sent`;
    if (this.#health.state !== "faulted") this.#health = { ...this.#health, state: "degraded", cause };
  }

  async #answer(id: number, what: string, args: readonly unknown[]): Promise<void> {
    try {
      const value = what.startsWith("store.") ? await this.#stored(what, args) : await this.#board.answer(what, args);
      this.#process.send({ type: "result", id, value });
    } catch (error) {
      this.#send({ type: "refusal", id, error: toWireError(error) });
    }
  }

  async #stored(what: string, [key, text]: readonly unknown[]): Promise<unknown> {
    const { store } = this.#ctx;
    if (store === undefined) throw new DriverError("unavailable", "Nothing can be kept here");
    // the store itself refuses keys that are none
    if (what === "store.load") return await store.load(String(key));
    this.#keys.add(String(key));
    if (this.#keys.size > MOST_KEYS || String(text).length > LONGEST_TEXT) {
      const most = `${String(MOST_KEYS)} texts of ${String(LONGEST_TEXT)} characters`;
      throw new DriverError("driver_fault", `More than ${most} cannot be kept for one driver`);
    }
    return await store.save(String(key), String(text));
  }

  #send(message: ToGuest): void {
    try {
      this.#process.send(message);
    } catch (error) {
      this.#process.kill(new DriverError("driver_fault", `It cannot be told what it asked for: ${String(error)}`));
    }
  }
}

/** @throws (rejects) DriverError. */
export async function openGuest(
  file: string,
  config: unknown,
  { host, ctx }: { readonly host: GuestHost; readonly ctx: DriverContext },
): Promise<DriverInstance> {
  if (ctx.signal.aborted) throw new DriverError("aborted", "It was asked to stop before it was opened");
  const driver = new GuestDriver(file, config, { host, ctx });
  const abort = (): void => driver.abort();
  ctx.signal.addEventListener("abort", abort, { once: true });
  try {
    await driver.opened;
  } catch (error) {
    // nothing of it is left when it is tried again
    await driver.ended;
    throw error;
  } finally {
    ctx.signal.removeEventListener("abort", abort);
  }
  return driver;
}
