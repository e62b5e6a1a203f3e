import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Launched } from "./field.ts";

/** Where releases and applied configurations lie: systemd may name several folders, the first is the service's own. By hand the launcher tells. */
export function stateFolder(): string | undefined {
  const [first = ""] = (process.env["STATE_DIRECTORY"] ?? process.env["PINION_STATE"] ?? "").split(":");
  return first === "" ? undefined : first;
}

/** What the launcher (deploy/service/run) said of itself; undefined where it did not start this process. */
export function launchedBy(ownVersion: string): Launched | undefined {
  const { PINION_PACKAGE: folder, PINION_RELEASE: release = "", PINION_RELEASE_FAULT: fault } = process.env;
  const root = stateFolder();
  if (folder === undefined || root === undefined) return undefined;
  const packageVersion = versionIn(folder);
  const version = release || packageVersion || ownVersion;
  return {
    root,
    version,
    release,
    packageFolder: folder,
    packageVersion,
    fault,
    probation: seconds("PINION_PROBATION"),
    confirmWithin: seconds("PINION_CONFIRM_LIMIT"),
  };
}

/** Of the environment, in ms; a minute unless it says otherwise. */
function seconds(name: string): number {
  const given = Number(process.env[name]);
  return given > 0 && given <= 3_600 ? given * 1_000 : 60_000;
}

/** As the launcher reads it: the two have to find the same. */
function versionIn(folder: string): string {
  try {
    return /"version": *"([^"]*)"/.exec(readFileSync(join(folder, "manifest.json"), "utf8"))?.[1] ?? "";
  } catch {
    return ""; // from the sources
  }
}
