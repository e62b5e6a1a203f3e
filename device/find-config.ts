import { existsSync } from "node:fs";

/** Where a board's configuration is looked for when nobody names it, in this order. */
export const CONFIG_PLACES: readonly string[] = ["./board.yaml", "/etc/pinion/board.yaml"];

const EXAMPLE = `device:
  id: pump_house
router:
  url: rs://127.0.0.1:8080
drivers:
  - use: gpio
    pins:
      relay: { pin: GPIO17, direction: out }`;

/** The file to read, or, as `words`, how to write one. */
export function findConfig(
  named: string | undefined,
  exists: (path: string) => boolean = existsSync,
): { file: string } | { words: string } {
  if (named !== undefined) return { file: named };
  const found = CONFIG_PLACES.find((place) => exists(place));
  if (found !== undefined) return { file: found };
  const words = `no configuration: neither ${CONFIG_PLACES.join(" nor ")} is there. Write one of them, or name a file with --config. For example:`;
  return { words: `${words}\n\n${EXAMPLE.replaceAll(/^/gm, "    ")}\n` };
}
