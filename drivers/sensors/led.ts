/** LEDs of the kernel, such as a board's green ACT: set by hand, or left to blink by the kernel's own timer. */
import * as Type from "typebox";
import type { Static } from "typebox";
import { throwIfAborted } from "../aborted.ts";
import { actionRunner, describeActions, jsonSchema, type ActionTable } from "../action.ts";
import { channelAt } from "../channel-lookup.ts";
import type { ChannelDescription } from "../description.ts";
import { defineDriver, type ChannelHealth, type DriverContext, type DriverInstance } from "../driver.ts";
import { DriverError } from "../driver-error.ts";
import { durationSchema, milliseconds, type Duration } from "../duration.ts";
import { healthOf } from "../health.ts";
import { named } from "../named.ts";
import { Retry } from "../retry.ts";
import { Sequence } from "../sequence.ts";
import { listed, reasonOf } from "../words.ts";
import { kernelNumber } from "./kernel-number.ts";
import { rootSchema, withoutSlash } from "./kernel-root.ts";

const ROOT = "/sys/class/leds";
const QUEUE = 64;
const ON = "500ms";

const ledSchema = Type.Object(
  {
    led: Type.String({
      pattern: "^[^/]{1,64}$",
      examples: ["ACT"],
      description: "The LED's name under root, such as ACT, PWR or led0",
    }),
    title: Type.Optional(Type.String({ maxLength: 80, description: "For people" })),
  },
  { additionalProperties: false },
);

const configSchema = Type.Object(
  { root: rootSchema(ROOT), leds: named(ledSchema, { description: "LEDs by name" }) },
  { additionalProperties: false },
);

type Config = Static<typeof configSchema>;

const stateSchema = Type.Object({
  led: Type.String({ description: "The channel's name" }),
  brightness: Type.Integer({ minimum: 0, description: "As the LED has it; 0: off" }),
  maxBrightness: Type.Integer({ minimum: 0 }),
  trigger: Type.String({ description: "What drives it: none (by hand), timer (blinks), or another of the kernel's" }),
  t: Type.Number({ unit: "ms" }),
});

const blinkTime = (description: string) => durationSchema({ min: 10, max: 60_000, description });

const actions = Object.freeze({
  set: {
    title: "Set",
    description: "Switches it on or off, or sets a brightness; ends blinking and takes it from its trigger.",
    args: [
      {
        name: "value",
        description: "true or false, or a brightness from 0 to the LED's greatest (a 1 where that is more is dim)",
        schema: Type.Union([Type.Boolean(), Type.Integer({ minimum: 0, maximum: 65_535 })]),
        optional: false,
      },
    ],
    result: stateSchema,
    safety: "idempotent",
    role: "operator",
  },
  blink: {
    title: "Blink",
    description: "Blinks by the kernel's timer until it is set, whatever becomes of this process meanwhile.",
    args: [
      { name: "on", description: "Time on; default 500ms", schema: blinkTime("Time on"), optional: true },
      { name: "off", description: "Time off; default as on", schema: blinkTime("Time off"), optional: true },
    ],
    result: stateSchema,
    safety: "idempotent",
    role: "operator",
  },
  get: {
    title: "Get",
    description: "Brightness and trigger, as the kernel has them.",
    args: [],
    result: stateSchema,
    safety: "read",
    role: "viewer",
  },
} as const satisfies ActionTable);

export const led = defineDriver({
  kind: "led",
  title: "LEDs of the board",
  configSchema,
  issues: ({ leds }) => {
    const seen = new Map<string, string>();
    return Object.entries(leds).flatMap(([name, { led: one }]) => {
      const other = seen.get(one);
      seen.set(one, name);
      return other === undefined ? [] : [{ path: `/leds/${name}/led`, message: `${one} is used by ${other} already` }];
    });
  },
  describe: ({ leds }) => ({
    kind: "led",
    channels: Object.entries(leds).map(([name, one]) => describeLed(name, one)),
  }),
  plan: (config) =>
    Object.entries(config.leds).flatMap(([name, { led: one }]) => [
      { type: "file", path: `${rootOf(config)}/${one}`, owner: name, write: true },
    ]),
  open,
});

const rootOf = ({ root = ROOT }: Config): string => withoutSlash(root);

function describeLed(name: string, { led: one, title }: Static<typeof ledSchema>): ChannelDescription {
  const heading = title === undefined ? {} : { title };
  return {
    name,
    aliases: [one],
    ...heading,
    role: "output",
    details: { led: one },
    actions: describeActions(actions),
    streams: {
      [name]: { schema: jsonSchema(Type.Integer({ minimum: 0 })), kind: "state", title: "Brightness", ...heading },
    },
  };
}

/** One LED. Owns the trigger that was there before it was first changed, to give it back at the end. */
class Led {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly #dir: string;
  readonly #ctx: DriverContext;
  readonly #turns: Sequence;
  readonly #retry: Retry;
  #before: string | undefined;
  #error: DriverError | undefined;
  #checking: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(name: string, dir: string, ctx: DriverContext) {
    this.name = name;
    this.aliases = [dir.slice(dir.lastIndexOf("/") + 1)];
    this.#dir = dir;
    this.#ctx = ctx;
    this.#turns = new Sequence(name, QUEUE);
    this.#retry = new Retry(ctx.timers);
  }

  get health(): ChannelHealth {
    return this.#error ? { state: "faulted", cause: this.#error.message } : { state: "ok" };
  }

  /** Tells its brightness, and looks again until it is there and every 30 s after that. Never rejects. */
  async check(): Promise<void> {
    try {
      const { brightness } = await this.get();
      if (this.#closed) return;
      if (this.#error) this.#retry.reset();
      this.#mended(brightness);
    } catch (error) {
      if (this.#closed) return;
      this.#failed(error);
    }
    this.#retry.schedule(() => {
      this.#checking = this.check();
    });
  }

  async get() {
    const trigger = /\[([^\]]*)\]/.exec(await this.#text("trigger"))?.[1] ?? "none";
    const brightness = await this.#number("brightness");
    const maxBrightness = await this.#number("max_brightness");
    return { led: this.name, brightness, maxBrightness, trigger, t: this.#ctx.clock.wall() };
  }

  async set(value: boolean | number) {
    return this.#turns.run(async () => {
      const { maxBrightness, trigger } = await this.#ready();
      const brightness = typeof value === "number" ? value : value ? maxBrightness : 0;
      if (brightness > maxBrightness) {
        throw new DriverError("invalid_argument", `${this.name} has no brightness ${String(brightness)}`, {
          cure: `It must be from 0 to ${String(maxBrightness)}.`,
        });
      }
      if (trigger !== "none") await this.#write("trigger", "none");
      await this.#write("brightness", String(brightness));
      return this.#told();
    });
  }

  async blink(on: Duration = ON, off: Duration = on) {
    return this.#turns.run(async () => {
      await this.#ready();
      await this.#write("trigger", "timer");
      await this.#write("delay_on", String(Math.round(milliseconds(on))));
      await this.#write("delay_off", String(Math.round(milliseconds(off))));
      return this.#told();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#retry.stop();
    await this.#checking;
    await this.#turns.runAnyway(async () => {
      try {
        if (this.#before !== undefined) await this.#write("trigger", this.#before);
      } catch (error) {
        this.#ctx.log.warn(`${this.name} could not be given back to its trigger: ${reasonOf(error)}`);
      }
      this.#before = undefined;
    });
  }

  async #ready() {
    if (this.#closed) throw new DriverError("closed", `${this.name} is closed`);
    const state = await this.get();
    this.#before ??= state.trigger;
    return state;
  }

  async #told() {
    const state = await this.get();
    this.#mended(state.brightness, true);
    return state;
  }

  #mended(brightness: number, always = false): void {
    const news = this.#error !== undefined || this.#last !== brightness || always;
    this.#error = undefined;
    this.#last = brightness;
    if (news) this.#ctx.publish(this.name, { value: brightness });
  }

  #last: number | undefined;

  #failed(thrown: unknown): void {
    const error = thrown instanceof DriverError ? thrown : new DriverError("io", reasonOf(thrown), { cause: thrown });
    const news = this.#error?.message !== error.message;
    this.#error = error;
    if (!news) return;
    this.#ctx.log.warn(`${this.name}: ${error.message}`, { code: error.code });
    this.#ctx.publish(this.name, { value: null, quality: "error", cause: error.message });
  }

  async #text(file: string): Promise<string> {
    return this.#ctx.board.files.readText(`${this.#dir}/${file}`);
  }

  async #number(file: string): Promise<number> {
    return kernelNumber(this.#ctx.board.files, `${this.#dir}/${file}`);
  }

  async #write(file: string, text: string): Promise<void> {
    try {
      await this.#ctx.board.files.writeText(`${this.#dir}/${file}`, text);
    } catch (error) {
      if (!(error instanceof DriverError) || error.code !== "no_permission") throw error;
      throw new DriverError("no_permission", error.what, {
        cure: `Let the process's group write ${listed(["trigger", "brightness", "delay_on", "delay_off"])} of the LED by a udev rule, or run it as root.`,
        cause: error,
      });
    }
  }
}

async function open(config: Config, ctx: DriverContext): Promise<DriverInstance> {
  throwIfAborted(ctx.signal, "Opening the LEDs");
  const leds = Object.entries(config.leds).map(([name, one]) => new Led(name, `${rootOf(config)}/${one.led}`, ctx));
  await Promise.all(leds.map(async (one) => one.check()));
  const close = async (): Promise<void> => {
    await Promise.all(leds.map(async (one) => one.close()));
  };
  if (ctx.signal.aborted) await close();
  throwIfAborted(ctx.signal, "Opening the LEDs");
  const run = actionRunner<typeof actions, Led>(actions, {
    set: async (one, value) => one.set(value),
    blink: async (one, on, off) => one.blink(on, off),
    get: async (one) => one.get(),
  });
  return {
    invoke: async (action, address, args) => run(action, channelAt(leds, address), args),
    health: () => healthOf(Object.fromEntries(leds.map((one) => [one.name, one.health]))),
    close,
  };
}
