import { keyOf, loadConfig, parseConfig, type Finding, type Loaded, type Problem } from "@pinion/config";
import type { TSchema } from "typebox";
import type { DriverDefinition } from "../drivers/driver.ts";
import { parsePinName } from "../drivers/gpio/pin-name.ts";
import { deviceSchema, schemaWithout, type DeviceConfig, type DriverEntry } from "./config.ts";
import { sourceOf, type ConfigSource, type PlaceOf } from "./config-source.ts";
import { deliveryFindings } from "./delivery-config.ts";
import { isFile } from "./guest/is-file.ts";
import type { UsedDriver } from "./guest/used-drivers.ts";
import { idFromHostname, namingFor, type Naming } from "./naming.ts";
import { routerOptions, type RouterConnection } from "./router-options.ts";
import { planDrivers, type PlannedDriver } from "./plan.ts";

/** A board's file, checked to the end: what is left can only be known by touching hardware. */
export interface BoardConfig {
  readonly config: DeviceConfig;
  readonly naming: Naming;
  readonly title: string;
  readonly drivers: readonly PlannedDriver[];
  readonly router: RouterConnection;
  /** Lines that the simulated board joins in memory: from, to. */
  readonly wires: readonly (readonly [number, number])[];
}

export type ReadBoardConfig =
  | { readonly ok: true; readonly board: BoardConfig }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** What may stand in `use`: our drivers by their kind, those of others by their file. */
interface KnownDrivers {
  readonly definitions: readonly DriverDefinition[];
  readonly used: readonly UsedDriver[];
}

interface Reading extends KnownDrivers {
  readonly placeOf: PlaceOf | undefined;
}

type Load = (schema: TSchema) => Loaded<unknown>;

/**
 * Reads and checks everything that is written: all problems at once, in the order of the file. Touches no hardware. What
 * the schema refuses does not hide what else is wrong elsewhere.
 */
export function readBoardConfig(
  source: string | ConfigSource,
  definitions: readonly DriverDefinition[],
  hostname: string,
  used: readonly UsedDriver[] = [],
): ReadBoardConfig {
  const { file, text, placeOf, further = [] } = sourceOf(source);
  const load: Load = (schema) => (text === undefined ? loadConfig(file, schema) : parseConfig(text, file, schema));
  const loaded = load(deviceSchema(definitions, used));
  if (!loaded.ok)
    return {
      ok: false,
      problems: inOrder([
        ...loaded.problems,
        ...furtherProblems(load, { definitions, used, placeOf }, loaded.problems),
      ]),
    };
  const config = loaded.value as DeviceConfig; // what deviceSchema describes, and it was just checked against it
  const { drivers, findings } = planDrivers(config.drivers, definitions, used);
  const wiring = readWires(config.board);
  const router = routerOptions(config.router, placeOf);
  const delivery = findings.length > 0 ? [] : deliveryFindings(config, drivers);
  const own = [...wiring.findings, ...findings, ...beyondSysfs(config.board, drivers)];
  const all = [...router.findings, ...own, ...delivery, ...further];
  if (all.length > 0) return { ok: false, problems: inOrder(all.map((finding) => loaded.problem(finding))) };
  const id = config.device.id ?? idFromHostname(hostname);
  const naming = namingFor(config.device.naming, id);
  const title = config.device.title ?? id;
  return { ok: true, board: { config, naming, title, drivers, router, wires: wiring.wires } };
}

function inOrder(problems: readonly Problem[]): readonly Problem[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
}

/** What is wrong in the sections, and in the drivers, that the schema has nothing against. */
function furtherProblems(
  load: Load,
  { definitions, used, placeOf }: Reading,
  problems: readonly Problem[],
): readonly Problem[] {
  const faulty = new Set(problems.map(({ key }) => /^[^.[]*/.exec(key)?.[0] ?? ""));
  const loaded = load(schemaWithout(faulty, definitions, used));
  if (!loaded.ok) return [];
  const config = loaded.value as Partial<DeviceConfig>; // the sections that are not faulty are as described
  const entries: readonly unknown[] = Array.isArray(config.drivers) ? config.drivers : [];
  const faultyKeys = problems.map(({ key }) => key);
  const sound = entries.map((entry, i) => (isEntry(entry) ? soundPart(entry, i, faultyKeys) : undefined));
  const findings = [
    ...furtherRouterFindings(config.router, faultyKeys, placeOf),
    ...(faulty.has("board") || config.board === undefined ? [] : readWires(config.board).findings),
    ...planDrivers(sound, definitions, used).findings,
  ];
  return findings.map((finding) => loaded.problem(finding));
}

/** Of a router section with a fault only the address can still be judged; that fault may be in any other key. */
function furtherRouterFindings(
  router: unknown,
  faultyKeys: readonly string[],
  placeOf: PlaceOf | undefined,
): readonly Finding[] {
  if (typeof router !== "object" || router === null || !("url" in router)) return [];
  const isSound = !faultyKeys.some((key) => key === "router" || key.startsWith("router."));
  // what the schema has nothing against is as it describes
  if (isSound) return routerOptions(router as DeviceConfig["router"], placeOf).findings;
  if (typeof router.url !== "string" || faultyKeys.includes("router.url")) return [];
  return routerOptions({ url: router.url, realm: "realm1", serializer: "msgpack" }).findings;
}

/**
 * An entry without its faulty pins, ports or sensors, so that the others are checked in the same run. Undefined where the
 * fault is not in one of those: what the rest would mean is then not known.
 */
function soundPart(entry: DriverEntry, index: number, faultyKeys: readonly string[]): DriverEntry | undefined {
  const within = (...path: (string | number)[]): string[] => {
    const place = keyOf(["drivers", index, ...path]);
    return faultyKeys.filter((key) => key === place || key.startsWith(`${place}.`) || key.startsWith(`${place}[`));
  };
  let explained = 0;
  const left: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(entry)) {
    left[key] = value;
    if (typeof value !== "object" || value === null || Array.isArray(value)) continue;
    const items = Object.entries(value).filter(([name]) => {
      const faults = within(key, name).length;
      explained += faults;
      return faults === 0;
    });
    left[key] = Object.fromEntries(items);
  }
  const faults = within().length;
  // a driver of others was asked about the whole of what is written, and about nothing else
  if (faults > 0 && isFile(entry.use)) return undefined;
  return explained === faults ? { ...left, use: entry.use } : undefined;
}

function isEntry(value: unknown): value is DriverEntry {
  return typeof value === "object" && value !== null && "use" in value && typeof value.use === "string";
}

/** What sysfs cannot do is refused where it is asked for, with the way out. */
function beyondSysfs({ gpioBackend }: DeviceConfig["board"], drivers: readonly PlannedDriver[]): readonly Finding[] {
  if (gpioBackend !== "sysfs") return [];
  return drivers.flatMap(({ index, claims }) =>
    claims.flatMap((claim) => {
      const needs = claim.type === "gpio-line" ? (claim.needs ?? []).filter((one) => one !== "numbered-edges") : [];
      if (needs.length === 0) return [];
      const words = needs.map((one) => (one === "line-name" ? "a line's name" : one.replace("-d", "D"))).join(", ");
      return [
        {
          path: ["drivers", index, "pins", claim.owner],
          found: `${words} with board.gpioBackend: sysfs, which cannot do that`,
          allowed: "pins by number, without pull, drive and kernelDebounce",
          cure: "set board.gpioBackend: chardev or auto, or remove it from the pin",
        },
      ];
    }),
  );
}

function readWires(board: DeviceConfig["board"]): { wires: [number, number][]; findings: Finding[] } {
  const findings: Finding[] = [];
  const wires: [number, number][] = [];
  const { gpio, wires: written = [] } = board;
  if (gpio !== "simulated" && written.length > 0) {
    findings.push({
      path: ["board", "wires"],
      found: `wires on a board with gpio: ${gpio}`,
      allowed: "wires on a simulated board only",
      cure: "remove the key, or set board.gpio: simulated",
      atKey: true,
    });
  }
  for (const [i, ends] of written.entries()) {
    const lines = ends.map((pin, end) => {
      const parsed = parsePinName(pin);
      if (typeof parsed !== "string" && typeof parsed.line === "number") return parsed.line;
      const path = ["board", "wires", i, end];
      findings.push({
        path,
        found: typeof parsed === "string" ? parsed : `'${String(pin)}'`,
        allowed: "a GPIO pin",
        cure: "write for example GPIO17",
      });
      return undefined;
    });
    const [from, to] = lines;
    if (from === undefined || to === undefined) continue;
    if (from === to) {
      const path = ["board", "wires", i];
      findings.push({
        path,
        found: `a wire from GPIO${String(from)} to itself`,
        allowed: "two pins",
        cure: "name the other end",
      });
    }
    wires.push([from, to]);
  }
  return { wires, findings };
}
