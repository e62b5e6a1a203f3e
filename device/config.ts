/** The board's configuration as a schema: what may be written, what is taken when it is not. Drivers bring their own part. */
import { CHANNEL_BINDINGS } from "@pinion/wamp";
import * as Type from "typebox";
import type { Static, TSchema } from "typebox";
import type { DriverDefinition } from "../drivers/driver.ts";
import { durationSchema } from "../drivers/duration.ts";
import { deliverySchema, journalSchema, type DeliveryConfig, type JournalConfig } from "./delivery-config.ts";
import { withDelivery } from "./entry-delivery.ts";
import type { UsedDriver } from "./guest/used-drivers.ts";
import { healthAddress } from "./health-address.ts";
import { sizeSchema } from "./size.ts";
import { withoutDefaults } from "./without-defaults.ts";

const ID = "^[a-z0-9_]{1,64}$";

const Device = Type.Object(
  {
    id: Type.Optional(
      Type.String({
        pattern: ID,
        description: "names the board in every reading, and in its URIs with naming: fleet; default: the host's name",
        examples: ["pump_house"],
      }),
    ),
    title: Type.Optional(
      Type.String({ minLength: 1, maxLength: 100, description: "what people read; default: the id" }),
    ),
    naming: Type.Enum(["single", "fleet"], {
      default: "single",
      description: "single: device.gpio.set. fleet: device.<id>.gpio.set, for several boards in one realm",
    }),
  },
  { default: {} },
);

const file = (description: string) => Type.Optional(Type.String({ minLength: 1, description }));

const Tls = Type.Object({
  ca: file("PEM file with the certificates to trust instead of the system's"),
  cert: file("PEM file with this board's own certificate, where the router asks for one"),
  key: file("PEM file with the key of that certificate"),
  servername: Type.Optional(Type.String({ minLength: 1, description: "the name to find in the router's certificate" })),
});

const Auth = Type.Object({
  authid: Type.Optional(
    Type.String({ minLength: 1, maxLength: 256, description: "log in as", examples: ["pump_house"] }),
  ),
  secretFile: file("file with the secret, for WAMP-SCRAM and WAMP-CRA"),
  ticketFile: file("file with the ticket, which is sent in clear"),
  keyFile: file("file with an Ed25519 private key, for cryptosign"),
  channelBinding: Type.Optional(
    Type.Enum([...CHANNEL_BINDINGS], {
      description: "with keyFile and TLS: bind the login to the connection, or give up",
    }),
  ),
  certificate: Type.Optional(Type.Boolean({ description: "log in by the certificate in router.tls.cert" })),
});

const Router = Type.Object(
  {
    url: Type.Union(
      [Type.String({ minLength: 1 }), Type.Array(Type.String({ minLength: 1 }), { minItems: 1, maxItems: 8 })],
      {
        default: "rs://127.0.0.1:8080",
        description:
          "rs:// raw socket, rss:// over TLS, ws:// and wss:// WebSocket, unix:// a Unix socket; a list: the first that can be had",
        examples: ["rs://127.0.0.1:8080"],
      },
    ),
    realm: Type.String({ maxLength: 512, pattern: "^[^\\s.#]+(\\.[^\\s.#]+)*$", default: "realm1" }),
    serializer: Type.Enum(["msgpack", "json", "cbor"], {
      default: "msgpack",
      description: "msgpack carries octets as they are and is shorter than json",
    }),
    tls: Type.Optional(Tls),
    auth: Type.Optional(Auth),
    ping: Type.Optional(
      durationSchema({
        min: 1_000,
        max: 3_600_000,
        description: "ask the router for a sign of life this often; left out: never, as some routers die of it",
      }),
    ),
  },
  { default: {} },
);

const Pin = Type.Union([Type.Integer({ minimum: 0 }), Type.String({ minLength: 1, maxLength: 64 })], {
  description: "a pin as the gpio driver takes it",
  examples: ["GPIO17"],
});

const BoardPart = Type.Object(
  {
    gpio: Type.Enum(["linux", "simulated"], {
      default: "linux",
      description: "simulated: the lines live in memory, serial ports and files are real",
    }),
    gpioBackend: Type.Enum(["auto", "sysfs", "chardev"], {
      default: "auto",
      description:
        "the way to the kernel's GPIO lines. auto: sysfs, or the character device where a pin needs it (pull, drive, kernelDebounce, a line's name, a counter) or sysfs is missing",
    }),
    stateDir: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          "folder for what must outlive the process (counts); default: $STATE_DIRECTORY, which systemd sets; without either nothing is kept",
      }),
    ),
    driverMemory: sizeSchema({
      default: "96 MiB",
      min: 16 * 1_048_576,
      max: 4 * 1_073_741_824,
      description:
        "what each driver of others may have in memory, beside Node's own program; one that takes more is ended",
    }),
    wires: Type.Optional(
      Type.Array(Type.Array(Pin, { minItems: 2, maxItems: 2 }), {
        maxItems: 256,
        description: "only with gpio: simulated; each leads from an output to an input",
        examples: [[["GPIO17", "GPIO27"]]],
      }),
    ),
  },
  { default: {} },
);

const Log = Type.Object(
  {
    level: Type.Enum(["debug", "info", "warn", "error"], { default: "info", description: "the least that is written" }),
  },
  { default: {} },
);

const HealthPart = Type.Object(
  {
    listen: Type.Optional(
      Type.Refine(
        Type.String({ description: "answer GET /healthz here", examples: ["127.0.0.1:9100"] }),
        (text) => healthAddress(text) !== undefined,
      ),
    ),
  },
  { default: {} },
);

const UpdatePart = Type.Object(
  {
    publicKey: Type.Optional(
      Type.String({
        pattern: "^[0-9a-fA-F]{64}$",
        description:
          "take releases over the router that are signed by this key (`pinion update keygen` makes a pair); left out: none",
      }),
    ),
    downgrade: Type.Boolean({ default: false, description: "take releases that are older than the one that runs" }),
  },
  { default: {} },
);

/** One entry of `drivers`: which driver, and its own configuration beside it. */
export type DriverEntry = Readonly<Record<string, unknown>> & { readonly use: string };

export interface DeviceConfig {
  readonly device: Static<typeof Device>;
  readonly router: Static<typeof Router>;
  readonly board: Static<typeof BoardPart>;
  readonly log: Static<typeof Log>;
  readonly health: Static<typeof HealthPart>;
  readonly update: Static<typeof UpdatePart>;
  readonly journal: JournalConfig;
  readonly delivery: DeliveryConfig;
  readonly drivers: readonly DriverEntry[];
}

/** The schema of board.yaml for our drivers and those of others; each entry of `drivers` is told apart by `use`. */
export function deviceSchema(definitions: readonly DriverDefinition[], used: readonly UsedDriver[] = []): TSchema {
  return Type.Object(sections(definitions, used));
}

/** The same with the `faulty` sections left unchecked, so that what the others hold can be checked further. */
export function schemaWithout(
  faulty: ReadonlySet<string>,
  definitions: readonly DriverDefinition[],
  used: readonly UsedDriver[] = [],
): TSchema {
  const checked = Object.entries(sections(definitions, used)).filter(([section]) => !faulty.has(section));
  return Type.Object(Object.fromEntries(checked), { additionalProperties: true });
}

function sections(
  definitions: readonly DriverDefinition[],
  used: readonly UsedDriver[],
): Record<keyof DeviceConfig, TSchema> {
  const entries = [...definitions.map((one) => entrySchema(one.kind, one)), ...used.map(usedSchema)];
  return {
    device: Device,
    router: Router,
    board: BoardPart,
    log: Log,
    health: HealthPart,
    update: UpdatePart,
    journal: journalSchema,
    delivery: deliverySchema,
    drivers: Type.Array(Type.Union(entries), {
      maxItems: 64,
      default: [],
      description: "what this board drives, in the order of opening",
    }),
  };
}

/** Of one that could not be loaded nothing can be said but that. */
function usedSchema(used: UsedDriver): TSchema {
  if ("definition" in used) return entrySchema(used.use, used.definition);
  return Type.Object({ use: Type.Literal(used.use) }, { additionalProperties: true });
}

function entrySchema(use: string, { title, configSchema }: DriverDefinition): TSchema {
  // every driver's configuration is a mapping; the contract suite proves it
  const { properties, required, ...rest } = withDelivery(withoutDefaults(configSchema)) as TSchema & {
    readonly properties?: Readonly<Record<string, TSchema>>;
    readonly required?: readonly string[];
  };
  return {
    ...rest,
    properties: { use: Type.Literal(use, { description: title }), ...properties },
    required: ["use", ...(required ?? [])],
  };
}
