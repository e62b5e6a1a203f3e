/** What only a board itself knows of the configured pins: whether its kernel has them. Looks, takes nothing, changes nothing. */
import type { Finding } from "@pinion/config";
import type { Board } from "../drivers/board.ts";
import type { Claim } from "../drivers/driver.ts";
import { DriverError } from "../drivers/driver-error.ts";
import { isHeaderChip } from "../drivers/hardware/gpio-chips.ts";
import { nearNames } from "@pinion/config/near-names";
import type { BoardConfig } from "./board-config.ts";
import { placeOf } from "./conflicts.ts";
import type { PlannedDriver } from "./plan.ts";

export interface PinCheck {
  /** What is wrong on this very board. */
  readonly findings: readonly Finding[];
  /** What cannot be told here, or may be wrong where the configuration belongs. */
  readonly warnings: readonly string[];
}

type LineClaim = Extract<Claim, { type: "gpio-line" }>;

interface Pin {
  readonly claim: LineClaim;
  readonly driver: PlannedDriver;
}

/** `board`: the machine that this runs on; undefined where the configuration is another machine's. */
export async function checkPins({ config, drivers }: BoardConfig, board: Board | undefined): Promise<PinCheck> {
  const pins = drivers.flatMap((driver) =>
    driver.claims.flatMap((claim) => (claim.type === "gpio-line" ? [{ claim, driver }] : [])),
  );
  if (pins.length === 0) return { findings: [], warnings: [] };
  if (board === undefined) return { findings: [], warnings: pins.flatMap(unknownName) };
  try {
    const chips = await board.gpio.listChips();
    const isHere = config.board.gpio === "simulated" || chips.some(isHeaderChip);
    return await lookedUp(pins, board, isHere);
  } catch (error) {
    if (!(error instanceof DriverError)) throw error;
    // A machine without GPIO is not the board, and says nothing of it.
    const refused = error.code === "no_permission" ? [`the pins were not looked up: ${error.message}`] : [];
    return { findings: [], warnings: [...refused, ...pins.flatMap(unknownName)] };
  }
}

async function lookedUp(pins: readonly Pin[], { gpio }: Board, isHeader: boolean): Promise<PinCheck> {
  const wrong: { readonly pin: Pin; readonly words: string; readonly cure: string }[] = [];
  const holders = new Map<string, string>();
  for (const pin of pins) {
    const { chip, line, owner } = pin.claim;
    try {
      const found = await gpio.explain({ line, ...(chip === undefined ? {} : { chip }) });
      const place = `${found.chip} line ${String(found.line)}`;
      const holder = holders.get(place);
      if (holder !== undefined)
        wrong.push({ pin, words: `that is ${place}, as ${holder} is`, cure: "give one of the two another pin" });
      holders.set(place, owner);
    } catch (error) {
      if (!(error instanceof DriverError) || error.code !== "bad_config") throw error;
      wrong.push({ pin, words: lowerFirst(error.what), cure: lowerFirst(error.cure).replace(/\.$/, "") });
    }
  }
  // A machine that has none of it is somebody's desk, not the board.
  if (!isHeader && holders.size === 0)
    return {
      findings: [],
      warnings: wrong.map(
        ({ pin, words }) => `${pin.claim.owner}: on this machine ${words}; on the board --check tells`,
      ),
    };
  return { findings: wrong.map(({ pin, words, cure }) => findingOf(pin, words, cure)), warnings: [] };
}

function findingOf({ claim, driver }: Pin, words: string, cure: string): Finding {
  const path = placeOf(driver.index, claim.owner, [driver]);
  const written = writtenPin(driver, claim.owner);
  return {
    path: written === undefined ? path : [...path, "pin"],
    found: `${written ?? `line ${String(claim.line)}`}, but ${words}`,
    allowed: "a line that this board has, for one pin",
    cure,
  };
}

function writtenPin({ config }: PlannedDriver, name: string): string | undefined {
  const { pins } = config as { readonly pins?: Readonly<Record<string, { readonly pin?: unknown } | undefined>> }; // as the driver gpio has it, or another driver's
  const pin = pins?.[name]?.pin;
  return typeof pin === "string" || typeof pin === "number" ? JSON.stringify(pin) : undefined;
}

/** The name may be a line's, or a typing error: only the board's kernel knows. */
function unknownName({ claim: { line, owner } }: Pin): readonly string[] {
  if (typeof line === "number") return [];
  const usual = Array.from({ length: 28 }, (_, number) => `GPIO${String(number)}`);
  const near = nearNames(line, usual);
  const meant = near.length === 0 ? "" : ` (or was ${near.join(" or ")} meant?)`;
  return [
    `${owner}: ${JSON.stringify(line)} is taken for the kernel's name of a line${meant}; whether there is one, only the board knows: run --check there`,
  ];
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
