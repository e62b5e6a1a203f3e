/**
 * Drivers of others that a configuration names by their files: each is loaded in a process of its own, once, and asked what it
 * makes of what is written. What it answers is kept, so that the board's own process runs none of its code.
 */
import { parseConfig } from "@pinion/config";
import { existsSync, realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import * as Type from "typebox";
import type { DriverDefinition } from "../../drivers/driver.ts";
import { DriverError } from "../../drivers/driver-error.ts";
import type { Log, Timers } from "../../drivers/driver.ts";
import { sourceOf, textOf, type ConfigSource } from "../config-source.ts";
import { takeDelivery } from "../entry-delivery.ts";
import { parseSize } from "../size.ts";
import { openGuest, type GuestHost } from "./guest-driver.ts";
import { GuestProcess } from "./guest-process.ts";
import { isFile } from "./is-file.ts";
import "./schemas-of-others.ts";
import type { InspectedConfig, InspectedDriver } from "./messages.ts";

/** ms for a driver to be loaded and to say what it offers. */
const INSPECT_LIMIT = 15_000;
/** Different files in one configuration. */
const MOST_FILES = 16;

/** A `use` of the configuration that is a file: the driver in it, or why there is none. */
export type UsedDriver =
  | { readonly use: string; readonly definition: DriverDefinition }
  | { readonly use: string; readonly fault: { readonly what: string; readonly cure: string } };

/** The program that drivers of others run in: beside the bundle of the board, or in the sources. */
export function guestScript(own = process.argv[1] ?? ""): string {
  const here = existsSync(own) ? dirname(realpathSync(own)) : "";
  const bundled = join(here, "pinion-driver-guest.cjs");
  return existsSync(bundled) ? bundled : join(here, "guest/inside/main.ts");
}

const open = { additionalProperties: true };
const anyEntries = Type.Object(
  {
    drivers: Type.Optional(Type.Array(Type.Unknown())),
    board: Type.Optional(Type.Object({ driverMemory: Type.Optional(Type.Unknown()) }, open)),
  },
  open,
);
/** Octets, where nothing that could be understood is written. */
const USUAL_MEMORY = 96 * 1_048_576;

/** Those that the file names, in its order. Never rejects: what is wrong with the file as a whole is for others to tell. */
export async function usedDrivers(
  given: string | ConfigSource,
  script: string,
  tools: Tools,
): Promise<readonly UsedDriver[]> {
  const source = sourceOf(given);
  const { entries, memory } = writtenIn(source);
  const host = { script, memory };
  const files = new Map<string, unknown[]>();
  for (const { use, ...written } of entries) {
    // as the board's own plan hands it to the driver
    const { config } = takeDelivery(written);
    files.set(use, [...(files.get(use) ?? []), config]);
  }
  const used = [...files].map(async ([use, configs], i): Promise<UsedDriver> => {
    const file = resolve(dirname(source.file), use);
    try {
      if (i >= MOST_FILES) throw new DriverError("bad_config", `More than ${String(MOST_FILES)} files with drivers`);
      const driver = await inspect(file, configs, { host, tools });
      return { use, definition: definitionOf(driver, file, host) };
    } catch (error) {
      const { what, cure } = error instanceof DriverError ? error : { what: String(error), cure: "Mend the driver." };
      return { use, fault: { what, cure } };
    }
  });
  return await Promise.all(used);
}

export interface Tools {
  readonly timers: Timers;
  readonly log: Log;
}

interface Written {
  readonly entries: readonly ({ readonly use: string } & Readonly<Record<string, unknown>>)[];
  readonly memory: number;
}

function writtenIn(source: ConfigSource): Written {
  const nothing = { entries: [], memory: USUAL_MEMORY };
  const loaded = parseConfig(textOf(source), source.file, anyEntries);
  if (!loaded.ok) return nothing;
  const { drivers = [], board: { driverMemory } = {} } = loaded.value;
  const size =
    typeof driverMemory === "string" || typeof driverMemory === "number" ? parseSize(driverMemory) : undefined;
  const entries = drivers.flatMap((entry) =>
    typeof entry === "object" && entry !== null && "use" in entry && typeof entry.use === "string" && isFile(entry.use)
      ? [{ ...entry, use: entry.use }]
      : [],
  );
  return { entries, memory: size ?? USUAL_MEMORY };
}

/** Loads it in a process that ends with the answer. @throws (rejects) DriverError. */
async function inspect(
  file: string,
  configs: readonly unknown[],
  { host, tools }: { readonly host: GuestHost; readonly tools: Tools },
): Promise<InspectedDriver> {
  return await new Promise((resolve, reject) => {
    let found: InspectedDriver | undefined;
    const guest: GuestProcess = new GuestProcess({
      ...host,
      ...tools,
      onMessage: (message) => {
        if (message.type !== "inspected") return;
        found = message.driver;
        guest.kill(new DriverError("closed", "It has answered"));
      },
      onEnd: (cause) => {
        cancel();
        if (found === undefined) reject(cause);
        else resolve(found);
      },
    });
    const cancel = tools.timers.after(INSPECT_LIMIT, () => {
      const words = `${file} was not loaded within ${String(INSPECT_LIMIT / 1_000)} s`;
      guest.kill(
        new DriverError("driver_fault", words, {
          cure: "It may not wait or compute while it is loaded, described and planned.",
        }),
      );
    });
    guest.send({ type: "inspect", file, configs });
  });
}

function definitionOf(driver: InspectedDriver, file: string, host: GuestHost): DriverDefinition {
  const answerTo = (config: unknown): InspectedConfig =>
    driver.configs.get(JSON.stringify(config)) ?? {
      issues: [{ path: "", message: "was not there when the driver was asked" }],
    };
  const sound = (config: unknown) => {
    const answer = answerTo(config);
    if ("claims" in answer) return answer;
    const words = "fault" in answer ? answer.fault : answer.issues.map(({ message }) => message).join("; ");
    throw new DriverError(
      "fault" in answer ? "driver_fault" : "bad_config",
      `The driver ${driver.kind} in ${file}: ${words}`,
    );
  };
  return Object.freeze({
    kind: driver.kind,
    title: driver.title,
    configSchema: driver.configSchema,
    check: (config: unknown) => answerTo(config).issues,
    describe: (config: unknown) => sound(config).description,
    plan: (config: unknown) => sound(config).claims,
    outputsOnly: (config: unknown) => sound(config).outputs,
    open: async (config: unknown, ctx) => openGuest(file, config, { host, ctx }),
  } satisfies DriverDefinition);
}
