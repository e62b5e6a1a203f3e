/** Where the built programs lie that a new project is given: beside this one, whether it runs as a bundle or from the sources. */
import { cpSync, existsSync, mkdirSync, readdirSync, realpathSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { CommandFailure, ExitStatus } from "./exit-status.ts";

export interface Programs {
  /** The folder of files that every project begins with. */
  readonly template: string;
  readonly found: readonly ProgramsOfTarget[];
}

/** The folders of all programs for one kind of machine. */
export interface ProgramsOfTarget {
  /** `linux-arm64`. */
  readonly target: string;
  readonly folder: string;
}

const NAMES = ["pinion-device", "pinion-router-bridge", "pinion"];
const thisMachine = `linux-${process.arch === "arm" ? "armv7" : process.arch}`;

/** `own`: the script that runs. @throws CommandFailure with the cure where they were not built. */
export function findPrograms(own: string): Programs {
  const here = existsSync(own) ? dirname(realpathSync(own)) : "";
  const places = [join(here, ".."), join(here, "../../dist/here")];
  const place = places.find((one) => isComplete(one) && existsSync(join(one, "pinion/project")));
  if (place === undefined) {
    const words = "the programs are not built, and a project is given them: run `npm start` or `npm run build` first";
    throw new CommandFailure(ExitStatus.usage, words);
  }
  const others = readdirSync(join(place, ".."), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name.startsWith("linux-") && entry.name !== thisMachine)
    .map(({ name }) => ({ target: name, folder: join(place, "..", name) }));
  const found = [{ target: thisMachine, folder: place }, ...others.filter(({ folder }) => isComplete(folder))];
  return { template: join(place, "pinion/project"), found };
}

function isComplete(folder: string): boolean {
  return NAMES.every((name) => existsSync(join(folder, name, `${name}.cjs`)));
}

/** The programs alone: neither archives beside them nor the template, of which a project has its own. */
export function copyProgram({ folder }: ProgramsOfTarget, to: string): void {
  mkdirSync(to, { recursive: true });
  const template = join("pinion", "project");
  for (const name of NAMES) {
    cpSync(join(folder, name), join(to, name), {
      recursive: true,
      filter: (source) => {
        const path = relative(folder, source);
        return path !== template && !path.startsWith(`${template}${sep}`);
      },
    });
  }
}
