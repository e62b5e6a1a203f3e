/** A simulated board for clients of v1: a pin to switch, a pin wired to it, a sensor. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** `secret`: of the account `board`; absent, the board joins anonymously. */
export function v1Board(port: number, folder: string, secret?: string): string {
  const file = join(folder, "board.secret");
  if (secret !== undefined) writeFileSync(file, `${secret}\n`, { mode: 0o600 });
  const login = secret === undefined ? "" : `, auth: { authid: board, secretFile: ${JSON.stringify(file)} }`;
  return `
device: { id: bench, title: Bench board, naming: single }
router: { url: "rs://127.0.0.1:${String(port)}", realm: realm1${login} }
board: { gpio: simulated, wires: [[GPIO17, GPIO27]] }
drivers:
  - use: gpio
    pins:
      led: { pin: GPIO17, direction: out, title: Lamp }
      contact: { pin: GPIO27, direction: in, title: Contact }
  - use: simulated
    sensors:
      warmth: { wave: sine, min: 4, max: 16, period: 10s, interval: 200ms, unit: °C }
`;
}
