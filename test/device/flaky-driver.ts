/** A driver that does what the test tells it: fails to open, hangs, throws what it must not, publishes anything. */
import { Type } from "typebox";
import { defineDriver, type DriverContext } from "../../drivers/driver.ts";
import { DriverError, type DriverErrorCode } from "../../drivers/driver-error.ts";

export interface FlakyScript {
  /** Errors of the opens to come; none left: it opens. */
  readonly openErrors: (DriverError | Error)[];
  hangOpen: boolean;
  hangClose: boolean;
  invokeError: unknown;
  /** What happened, by all instances, in order. */
  readonly events: string[];
  /** The context of the newest open. */
  ctx: DriverContext | undefined;
}

const scripts = new Map<string, FlakyScript>();

/** The script of the driver that is configured with this name; fresh for each test that asks first. */
export function script(name: string): FlakyScript {
  const known = scripts.get(name);
  if (known !== undefined) return known;
  const fresh: FlakyScript = {
    openErrors: [],
    hangOpen: false,
    hangClose: false,
    invokeError: undefined,
    events: [],
    ctx: undefined,
  };
  scripts.set(name, fresh);
  return fresh;
}

export function failure(code: DriverErrorCode): DriverError {
  return new DriverError(code, `made-up ${code}`);
}

const numberSchema = { type: "number" } as const;

export const flaky = defineDriver({
  kind: "flaky",
  title: "A driver for tests",
  configSchema: Type.Object(
    {
      name: Type.String(),
      role: Type.Optional(Type.Enum(["output", "sensor"])),
      port: Type.Optional(Type.String()),
      line: Type.Optional(Type.Integer()),
      stream: Type.Optional(Type.String()),
    },
    { additionalProperties: false },
  ),
  describe: ({ name, role = "sensor", stream = name }) => ({
    kind: "flaky",
    actions: {
      list: { description: "All there is", args: [], result: {}, safety: "read", role: "viewer" },
    },
    channels: [
      {
        name,
        aliases: [],
        role,
        details: {},
        actions: {
          poke: {
            description: "Pokes it.",
            args: [
              {
                name: "force",
                description: "How hard.",
                schema: { type: "integer", minimum: 1, maximum: 9 },
                unit: "N",
              },
              { name: "word", description: "What to say", schema: { type: "string" }, optional: true },
            ],
            result: {},
            safety: "idempotent",
            role: "operator",
          },
        },
        streams: { [stream]: { schema: numberSchema, unit: "N", kind: "measurement" } },
      },
    ],
  }),
  plan: ({ name, port, line }) => [
    ...(port === undefined ? [] : [{ type: "serial-port", path: port, owner: name } as const]),
    ...(line === undefined ? [] : [{ type: "gpio-line", line, owner: name } as const]),
  ],
  open: async ({ name }, ctx) => {
    const told = script(name);
    told.ctx = ctx;
    told.events.push(`open ${name}`);
    if (told.hangOpen) await new Promise<void>((resolve) => ctx.signal.addEventListener("abort", () => resolve()));
    const error = told.openErrors.shift();
    if (error !== undefined) throw error;
    return {
      invoke: async (action, channel, args) => {
        if (told.invokeError !== undefined) throw told.invokeError;
        return { action, channel: channel ?? null, args };
      },
      health: () => ({ state: "ok" }),
      close: async () => {
        told.events.push(`close ${name}`);
        if (told.hangClose) await new Promise<void>(() => {});
      },
    };
  },
});
