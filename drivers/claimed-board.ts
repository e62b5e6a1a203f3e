import type { Board, I2cRequest, LineAddress } from "./board.ts";
import type { Claim } from "./driver.ts";
import { DriverError } from "./driver-error.ts";

/** The same hardware, as far as `claims` reach. Listing chips and ports opens nothing and is always allowed. */
export function claimedBoard(board: Board, claims: readonly Claim[]): Board {
  const line = async ({ chip, line }: LineAddress): Promise<void> => {
    const claimed = claims.some((claim) => claim.type === "gpio-line" && claim.line === line && claim.chip === chip);
    if (!claimed) throw refused(`line ${String(line)}${chip === undefined ? "" : ` of ${chip}`}`);
  };
  const port = async (path: string): Promise<void> => {
    if (!claims.some((claim) => claim.type === "serial-port" && claim.path === path)) throw refused(path);
  };
  const i2c = async ({ bus, address }: I2cRequest): Promise<void> => {
    const claimed = (claim: Claim): boolean =>
      claim.type === "i2c-address" && claim.bus === bus && claim.address === address;
    if (!claims.some(claimed)) throw refused(i2cWords(bus, address));
  };
  const file = async (path: string, write = false): Promise<void> => {
    const below = (root: string): boolean => path === root || path.startsWith(`${root}/`);
    const climbs = path.split("/").includes("..");
    const claimed = claims.some((claim) => claim.type === "file" && below(claim.path) && (!write || claim.write));
    if (climbs || !claimed) throw refused(write ? `writing ${path}` : path);
  };
  const disk = async (path: string): Promise<void> => {
    if (!claims.some((claim) => claim.type === "disk-space" && claim.path === path)) throw refused(`the disk ${path}`);
  };
  return {
    gpio: {
      listChips: () => board.gpio.listChips(),
      explain: async (address) => (await line(address), board.gpio.explain(address)),
      openOutput: async (request) => (await line(request), board.gpio.openOutput(request)),
      openInput: async (request) => (await line(request), board.gpio.openInput(request)),
    },
    pwm: {
      open: async (request) => {
        const claimed = (claim: Claim): boolean =>
          claim.type === "pwm-channel" && claim.channel === request.channel && claim.chip === request.chip;
        if (!claims.some(claimed)) throw refused(`PWM channel ${String(request.channel)}`);
        return board.pwm.open(request);
      },
    },
    serial: {
      list: () => board.serial.list(),
      open: async (request) => (await port(request.path), board.serial.open(request)),
      watch: (path, run) => board.serial.watch?.(path, run) ?? (() => undefined),
    },
    i2c: { open: async (request) => (await i2c(request), board.i2c.open(request)) },
    files: {
      readText: async (path) => (await file(path), board.files.readText(path)),
      writeText: async (path, text) => (await file(path, true), board.files.writeText(path, text)),
      space: async (path) => (await disk(path), board.files.space(path)),
      list: async (dir) => (await file(dir), board.files.list(dir)),
      realpath: async (path) => (await file(path), board.files.realpath(path)),
    },
  };
}

const i2cWords = (bus: number | string, address: number): string =>
  `address 0x${address.toString(16).padStart(2, "0")} of I2C bus ${String(bus)}`;

const refused = (what: string): DriverError => new DriverError("not_claimed", `The plan does not claim ${what}`);

/** Two claims that cannot both be had. */
export interface ClaimConflict {
  readonly first: Claim;
  readonly second: Claim;
  /** The resource, in words. */
  readonly resource: string;
}

/** Every resource that is claimed twice, whichever drivers the claims come from. Files are shared. */
export function claimConflicts(claims: readonly Claim[]): readonly ClaimConflict[] {
  const holders = new Map<string, Claim>();
  const conflicts: ClaimConflict[] = [];
  for (const claim of claims) {
    if (claim.type === "file" || claim.type === "disk-space") continue;
    const resource = resourceName(claim);
    const first = holders.get(resource);
    if (first) conflicts.push({ first, second: claim, resource });
    else holders.set(resource, claim);
  }
  return conflicts;
}

function resourceName(claim: Exclude<Claim, { type: "file" | "disk-space" }>): string {
  if (claim.type === "pwm-channel") {
    return `PWM channel ${String(claim.channel)}${claim.chip === undefined ? "" : ` of ${String(claim.chip)}`}`;
  }
  if (claim.type === "serial-port") return `serial port ${claim.path}`;
  if (claim.type === "i2c-address") return i2cWords(claim.bus, claim.address);
  if (claim.type === "interlock") return `the place in interlock ${claim.group} of an output that is on when safe`;
  if (typeof claim.line === "string") return `the line named ${claim.line}`;
  return claim.chip === undefined ? `GPIO${String(claim.line)}` : `line ${String(claim.line)} of ${claim.chip}`;
}
