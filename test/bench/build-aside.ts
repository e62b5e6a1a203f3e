/** The bundles as `npm run build` makes them, in a folder of the benchmark's: a `dist/` that is in use stays as it is. */
import { build } from "esbuild";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { programBundle, writePackageFile } from "../../deploy/build.ts";
import { epollBuilds } from "../../deploy/native-addons.ts";
import { programs } from "../../deploy/programs.ts";

const root = join(import.meta.dirname, "../..");
const folder = join(root, "test-results/bench");
/** The one of `npm run build`: what is compiled once need not be compiled again. */
const cache = join(root, "dist/cache");

export interface Aside {
  readonly script: string;
}

export async function buildAside(name: string): Promise<Aside> {
  const program = programs.find((one) => one.name === name);
  if (program === undefined) throw new Error(`there is no program ${name}`);
  const script = join(folder, name, `${name}.cjs`);
  const addons = program.addons ? epollBuilds(cache) : [];
  const outdir = join(folder, name);
  rmSync(outdir, { recursive: true, force: true });
  await build({ ...programBundle(program, addons), outdir });
  // as it is shipped: without it the one of the sources counts, which says that scripts are modules
  writePackageFile(outdir, name);
  return { script };
}
