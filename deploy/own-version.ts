/** What `--version` of a build says is what its programs say of themselves. */
import type { Plugin } from "esbuild";

/** In place of what the sources say. */
export function ownVersion(version: string): Plugin {
  return {
    name: "own-version",
    setup(build) {
      const contents = `export const VERSION = ${JSON.stringify(version)};\n`;
      build.onLoad({ filter: /\/(device|router-bridge|cli)\/version\.ts$/ }, () => ({ contents, loader: "ts" }));
    },
  };
}
