/**
 * What `pinion create` gives to every project besides the programs: the template, the client library for its backends (one file
 * for Node) and for its pages (a module), and uPlot. So a project needs nothing of npm.
 */
import { build, type BuildOptions, type Metafile } from "esbuild";
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");

function shared(folder: string): BuildOptions & { metafile: true } {
  return {
    outdir: folder,
    bundle: true,
    minify: true,
    legalComments: "none",
    metafile: true,
    logLevel: "warning",
    absWorkingDir: root,
  };
}

/** Writes `folder`; answers esbuild's accounts of what is in it. */
export async function writeProjectFiles(folder: string): Promise<readonly Metafile[]> {
  cpSync(join(root, "packages/cli/project"), folder, { recursive: true });
  const library = await build({
    ...shared(join(folder, "lib")),
    entryPoints: { "pinion-client": join(root, "packages/client/index.ts") },
    platform: "node",
    format: "cjs",
    target: "node20",
    outExtension: { ".js": ".cjs" },
  });
  const forPages = { platform: "browser", format: "esm", target: "es2022" } as const;
  const vendor = shared(join(folder, "page/vendor"));
  const page = await build({
    ...vendor,
    ...forPages,
    entryPoints: { pinion: join(root, "packages/client/page/index.ts") },
  });
  const uplot = join(root, "node_modules/uplot");
  const notice = `/*! uPlot\n${readFileSync(join(uplot, "LICENSE"), "utf8").trim()}\n*/`;
  const chart = await build({
    ...vendor,
    ...forPages,
    entryPoints: [
      { in: join(uplot, "dist/uPlot.esm.js"), out: "uplot" },
      { in: join(uplot, "dist/uPlot.min.css"), out: "uplot" },
    ],
    banner: { js: notice, css: notice },
  });
  return [library.metafile, page.metafile, chart.metafile];
}
