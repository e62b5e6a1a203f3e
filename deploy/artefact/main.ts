/** `npm run build`: every program for every target, as folder, archive and Debian package. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildTarget, type Artefact } from "./build-target.ts";
import { stamp } from "./stamp.ts";
import { targetNamed, targets, type Target } from "./targets.ts";

const root = join(import.meta.dirname, "../..");

interface Wanted {
  readonly targets: readonly Target[];
  readonly withNode: boolean;
  readonly out: string;
  readonly version: string | undefined;
}

function readArguments(): Wanted {
  const { values } = parseArgs({
    options: {
      target: { type: "string", multiple: true },
      "with-node": { type: "boolean", default: false },
      version: { type: "string" },
      out: { type: "string", default: join(root, "dist") },
    },
  });
  const wanted = values.target === undefined ? targets : [...new Set(values.target)].map(targetNamed);
  return { targets: wanted, withNode: values["with-node"], out: values.out, version: values.version };
}

/** Installs the target's compiler where that is allowed, else says which. */
function prepare({ name }: Target): boolean {
  const setup = [join(root, "deploy/setup.mjs"), name];
  return spawnSync(process.execPath, setup, { stdio: "inherit" }).status === 0;
}

function print(artefacts: readonly Artefact[]): void {
  const row = (cells: readonly string[]): void =>
    console.log(
      `${(cells[0] ?? "").padEnd(13)}${(cells[1] ?? "").padEnd(44)}${(cells[2] ?? "").padStart(11)}  ${(cells[3] ?? "").padEnd(13)}${cells[4] ?? ""}`,
    );
  row(["target", "artefact", "octets", "addons", "sha256"]);
  for (const { target, file, octets, addons, sha256 } of artefacts)
    row([target, file, String(octets), addons === 0 ? "" : String(addons), sha256]);
}

async function main(): Promise<void> {
  const wanted = readArguments();
  const made: Artefact[] = [];
  const failed: string[] = [];
  const of = stamp(wanted.version);
  for (const target of wanted.targets) {
    if (!prepare(target)) {
      failed.push(`${target.name}: not built: what it needs is named above`);
      continue;
    }
    const { artefacts, faults } = await buildTarget(join(wanted.out, target.name), target, of, wanted.withNode);
    made.push(...artefacts);
    failed.push(...faults);
  }
  print(made);
  for (const words of failed) console.error(`npm run build: ${words}`);
  if (failed.length > 0) process.exitCode = 1;
}

main().catch((error: unknown) => {
  console.error(`npm run build: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
