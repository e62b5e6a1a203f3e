import { loadConfig, type Finding, type Problem } from "@pinion/config";
import type { DriverDefinition } from "../drivers/driver.ts";
import { parsePinName } from "../drivers/gpio/pin-name.ts";
import { deviceSchema, type DeviceConfig } from "./config.ts";
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

/** Reads and checks everything that is written: all problems at once, in the order of the file. Touches no hardware. */
export function readBoardConfig(
  file: string,
  definitions: readonly DriverDefinition[],
  hostname: string,
): ReadBoardConfig {
  const loaded = loadConfig(file, deviceSchema(definitions));
  if (!loaded.ok) return loaded;
  const config = loaded.value as DeviceConfig; // what deviceSchema describes, and it was just checked against it
  const { drivers, findings } = planDrivers(config.drivers, definitions);
  const wiring = readWires(config);
  const router = routerOptions(config.router);
  const problems = [...router.findings, ...wiring.findings, ...findings].map((finding) => loaded.problem(finding));
  if (problems.length > 0) return { ok: false, problems: problems.toSorted((a, b) => a.line - b.line) };
  const id = config.device.id ?? idFromHostname(hostname);
  const naming = namingFor(config.device.naming, id);
  return {
    ok: true,
    board: { config, naming, title: config.device.title ?? id, drivers, router, wires: wiring.wires },
  };
}

function readWires({ board }: DeviceConfig): { wires: [number, number][]; findings: Finding[] } {
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
      if (typeof parsed !== "string") return parsed.line;
      const path = ["board", "wires", i, end];
      findings.push({ path, found: parsed, allowed: "a GPIO pin", cure: "write for example GPIO17" });
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
