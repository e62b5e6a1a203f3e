/** The drivers' contract on the virtual board's kernel: a program bundled as the device is, with the same native addons. */
import assert from "node:assert/strict";
import { build } from "esbuild";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { epollFor } from "../../deploy/artefact/compile-epoll.ts";
import { npmPackage } from "../../deploy/artefact/npm-package.ts";
import { targets } from "../../deploy/artefact/targets.ts";
import { programBundle } from "../../deploy/build.ts";
import { epollBuilds } from "../../deploy/native-addons.ts";
import { programs } from "../../deploy/programs.ts";
import { temporaryFolder } from "./programs.ts";
import { runBoard, type Architecture, type Told } from "./virtual-board.ts";

const root = join(import.meta.dirname, "../..");
const entry = join(root, "test/system/virtual-board/drivers-inside.ts");

/** `limit` in s. */
export async function runDrivers(t: TestContext, arch: Architecture, limit: number): Promise<Told> {
  const folder = temporaryFolder(t);
  const options = arch === "arm64" ? ["--pwm"] : [];
  return runBoard(t, { arch, limit, folder, programs: [await driversProgram(folder, arch)], options });
}

/** Makes the program in the folder and answers its arguments for Node; without `names` it looks at all there is. */
export async function driversProgram(
  folder: string,
  arch: Architecture,
  names: readonly string[] = [],
): Promise<readonly string[]> {
  await build({ ...bundleFor(arch), entryPoints: { drivers: entry }, outdir: folder });
  return [join(folder, "drivers.cjs"), ...names.map((name) => name.replaceAll(" ", "_"))];
}

function bundleFor(arch: Architecture): ReturnType<typeof programBundle> {
  const program = programs.find(({ addons }) => addons);
  const target = targets.find(({ debian }) => debian === arch);
  if (program === undefined || target === undefined) throw new Error(`there is no device for ${arch}`);
  if (arch === "amd64") return programBundle(program, epollBuilds(join(root, "dist/cache")));
  const koffi = join(npmPackage(target.koffi.name), target.koffi.file);
  return programBundle(program, epollFor(target), { arch: target.arch, koffi });
}

const RULES = [
  "every stream publishes what its schema allows",
  "every action answers as described, and refuses what it cannot do",
  "hardware that is taken away is told of, and used again when it is back",
  "what is to be seen of it alone",
  "nothing is left after it was closed, however often",
];

/** Each driver that has hardware there, by each way to it. */
const LOOKED_AT: readonly string[] = [
  "gpio over sysfs",
  "gpio over chardev",
  "serial on a UART",
  "serial on an FTDI adapter",
  "serial on a CDC ACM device",
  "i2c",
  "hwmon: lm75",
  "iio: bmp280",
  "w1: DS18B20",
  "led",
  "system",
];

/** What only the arm64 kernel has a driver for. */
export const LOOKED_AT_ON_ARM64: readonly string[] = [...LOOKED_AT, "gpio: hardware PWM"];

export async function assertDrivers(t: TestContext, { facts, text }: Told, names = LOOKED_AT): Promise<void> {
  for (const name of names) {
    await t.test(name, () => {
      for (const rule of RULES) assert.equal(facts.get(`${name}: ${rule}`), true, `${rule}\n${text}`);
    });
  }
  assert.equal(facts.get("drivers done"), true, text);
}
