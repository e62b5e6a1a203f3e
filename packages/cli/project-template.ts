/** The files that every project begins with, with its own words in them. */
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";

interface Wish {
  /** Which of the board's configurations becomes its one. */
  readonly board: "simulated" | "linux";
  /** What stands for `{{name}}` and the like. */
  readonly values: Readonly<Record<string, string>>;
}

/** Made by a build: there is nothing to fill in. */
const AS_THEY_ARE = new Set(["lib", "vendor"]);
const TEXTS = new Set(["", ".md", ".yaml", ".json", ".mjs", ".js", ".html", ".css", ".service"]);

export function writeTemplate(from: string, to: string, wish: Wish): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const name = nameFor(entry.name, wish);
    if (name === undefined) continue;
    const [source, target] = [join(from, entry.name), join(to, name)];
    if (entry.isDirectory() && AS_THEY_ARE.has(entry.name)) copyFolder(source, target);
    else if (entry.isDirectory()) writeTemplate(source, target, wish);
    else if (TEXTS.has(extname(name))) writeText(source, target, wish);
    else copyFileSync(source, target);
  }
}

/** Undefined for the board's other configuration. */
function nameFor(name: string, wish: Wish): string | undefined {
  if (name === "gitignore") return ".gitignore"; // npm leaves one of that name out of a package
  const board = /^board\.(.*)\.yaml$/.exec(name)?.[1];
  if (board !== undefined) return board === wish.board ? "board.yaml" : undefined;
  return filledIn(name, wish);
}

function writeText(source: string, target: string, wish: Wish): void {
  const text = readFileSync(source, "utf8");
  writeFileSync(target, filledIn(text, wish), { flag: "wx" });
  if (text.startsWith("#!")) chmodSync(target, 0o755);
}

function filledIn(text: string, { values }: Wish): string {
  return text.replaceAll(/\{\{(\w+)\}\}/g, (all, key: string) => values[key] ?? all);
}

function copyFolder(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) copyFileSync(join(from, name), join(to, name));
}
