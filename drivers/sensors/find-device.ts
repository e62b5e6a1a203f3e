/** Devices of the kernel are numbered anew at each boot and reload, so they are found by what they are called. */
import type { Files } from "../board.ts";
import { DriverError } from "../driver-error.ts";
import { listed } from "../words.ts";
import { optionalText } from "./kernel-number.ts";

export interface DeviceSearch {
  readonly root: string;
  /** Its directories, such as /^hwmon\d+$/. */
  readonly pattern: RegExp;
  /** Name in the device's `name` file, the directory's own name, or a part of the path that it really is at (`1-0076`). */
  readonly device: string | undefined;
  /** What is looked for, in words. */
  readonly what: string;
}

/** The directory of the one device meant. @throws (rejects) DriverError `no_such_device`, which names what is there. */
export async function findDevice(files: Files, { root, pattern, device, what }: DeviceSearch): Promise<string> {
  const dirs = (await files.list(root)).filter((one) => pattern.test(one)).toSorted(byNumber);
  const all: { readonly path: string; readonly dir: string; readonly name: string; readonly real: string }[] = [];
  for (const dir of dirs) {
    const path = `${root}/${dir}`;
    const name = (await optionalText(files, `${path}/name`)) ?? "";
    all.push({ path, dir, name, real: await files.realpath(path) });
  }
  const matching =
    device === undefined
      ? all
      : all.filter(({ dir, name, real }) => name === device || dir === device || real.split("/").includes(device));
  const [only] = matching;
  const names = listed(all.map(({ dir, name }) => (name === "" ? dir : `${name} (${dir})`)));
  if (only === undefined) {
    throw new DriverError(
      "no_such_device",
      `There is no ${what}${device === undefined ? "" : ` ${device}`} under ${root}`,
      {
        cure: `There are: ${names}. Check the wiring and the overlay in config.txt.`,
      },
    );
  }
  if (matching.length === 1) return only.path;
  throw new DriverError(
    "no_such_device",
    `More than one ${what} is meant${device === undefined ? "" : ` by ${device}`}`,
    {
      cure: `Name one by its directory or bus address: ${listed(matching.map(({ dir, name, real }) => `${name} (${dir}, ${real})`))}.`,
    },
  );
}

const byNumber = (a: string, b: string): number => Number(/\d+$/.exec(a)?.[0] ?? 0) - Number(/\d+$/.exec(b)?.[0] ?? 0);
