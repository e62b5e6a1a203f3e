/** `npm run check`: the definition of done. Every step runs, then the failed ones are named. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");

const steps: readonly { readonly name: string; readonly command: readonly string[] }[] = [
  { name: "format", command: ["oxfmt", "--check", "."] },
  { name: "lint and sizes", command: ["oxlint", "--type-aware"] },
  { name: "types and walls", command: ["tsc", "-b"] },
  { name: "dead code", command: ["knip"] },
  { name: "tests, bundles and budgets", command: ["node", "test/run.ts"] },
];

const failed = steps.filter(({ name, command: [program, ...args] }) => {
  console.log(`\n== ${name}`);
  // The project's own tools come first, whoever calls.
  const PATH = `${join(root, "node_modules/.bin")}:${process.env["PATH"] ?? ""}`;
  return spawnSync(program ?? "", args, { cwd: root, stdio: "inherit", env: { ...process.env, PATH } }).status !== 0;
});

console.log(
  failed.length === 0 ? "\ncheck: all green" : `\ncheck: failed: ${failed.map(({ name }) => name).join(", ")}`,
);
if (failed.length > 0) process.exitCode = 1;
