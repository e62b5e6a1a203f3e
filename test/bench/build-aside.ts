/** The bundles as `npm run build` makes them, in a folder of the benchmark's: a `dist/` that is in use stays as it is. */
import { build } from "esbuild";
import { statSync } from "node:fs";
import { join } from "node:path";
import { programBundle } from "../../deploy/build.ts";
import { epollBuilds } from "../../deploy/native-addons.ts";
import { programs } from "../../deploy/programs.ts";

const folder = join(import.meta.dirname, "../../test-results/bench");

export interface Aside {
  readonly script: string;
  readonly octets: number;
}

export async function buildAside(name: string): Promise<Aside> {
  const program = programs.find((one) => one.name === name);
  if (program === undefined) throw new Error(`there is no program ${name}`);
  const script = join(folder, name, `${name}.cjs`);
  await build({ ...programBundle(program, epollBuilds(join(folder, "cache"))), outfile: script });
  return { script, octets: statSync(script).size };
}
