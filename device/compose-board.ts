import type { Board, GpioFeature } from "../drivers/board.ts";
import { createLinuxBoard } from "../drivers/hardware/linux-board.ts";
import type { BoardConfig } from "./board-config.ts";

/** How far a hard-killed board's outputs are held: over sysfs they stay driven when the process that set them has ended. */
export function composeSafeBoard(
  board: Pick<BoardConfig, "config" | "wires">,
  drivers: BoardConfig["drivers"],
): Promise<Board> {
  const { config, wires } = board;
  const gpioBackend = config.board.gpioBackend === "chardev" ? "auto" : config.board.gpioBackend;
  return composeBoard({ config: { ...config, board: { ...config.board, gpioBackend } }, wires, drivers });
}

/** The hardware that the configuration names: everything real, or GPIO lines in memory beside real ports and files. */
export async function composeBoard({
  config,
  wires,
  drivers,
}: Pick<BoardConfig, "config" | "wires" | "drivers">): Promise<Board> {
  const { gpioBackend: backend } = config.board;
  const real = createLinuxBoard({ gpio: { backend, needs: needsOf(drivers) } });
  if (config.board.gpio === "linux") return real;
  const { createMockPins } = await import("../drivers/hardware/mock-pins.ts");
  const { gpio, pwm } = createMockPins({ backend: backend === "sysfs" ? "sysfs" : "chardev" });
  for (const [from, to] of wires) gpio.wire(gpio.line(from), gpio.line(to));
  return { gpio, pwm, serial: real.serial, i2c: real.i2c, files: real.files };
}

/** The board that the doctor looks at: the character device tells most, where it is. */
export async function boardToExamine(board: BoardConfig | undefined): Promise<Board> {
  if (board?.config.board.gpio === "simulated") return await composeBoard(board);
  const backend = board?.config.board.gpioBackend ?? "auto";
  return createLinuxBoard({ gpio: { backend, needs: [...needsOf(board?.drivers ?? []), "numbered-edges"] } });
}

function needsOf(drivers: BoardConfig["drivers"]): readonly GpioFeature[] {
  const claims = drivers.flatMap((driver) => driver.claims);
  return claims.flatMap((claim) => (claim.type === "gpio-line" ? (claim.needs ?? []) : []));
}
