/*
 * Completes package-lock.json: `node deploy/complete-lock.mjs`, after each change of dependencies that was made against a
 * registry which does not serve the packages of every platform. npm leaves those optional packages out of the lock and
 * then refuses it in `npm ci`, on every platform. Their version is the one their parent pins; os, cpu and libc stand in
 * their name; they are fetched only on a machine that they fit.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const file = join(import.meta.dirname, "..", "package-lock.json");
const lock = JSON.parse(readFileSync(file, "utf8"));
const OS = /(android|darwin|freebsd|linux|openharmony|win32|netbsd|openbsd|sunos|aix)/;
const CPU = /(arm64|arm|x64|ia32|ppc64|riscv64|s390x|loong64|mips64el)/;

function entry(name, version) {
  const os = OS.exec(name)?.[1];
  const cpu = CPU.exec(name.replace(OS, ""))?.[1];
  if (os === undefined || cpu === undefined) return undefined;
  const libc = os !== "linux" ? undefined : name.includes("musl") ? ["musl"] : /gnu/.test(name) ? ["glibc"] : undefined;
  return { version, cpu: [cpu], dev: true, optional: true, os: [os], ...(libc && { libc }) };
}

let added = 0;
for (const { optionalDependencies = {} } of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const path = `node_modules/${name}`;
    const missing = !(path in lock.packages) && /^\d/.test(version) ? entry(name, version) : undefined;
    if (missing === undefined) continue;
    lock.packages[path] = missing;
    added += 1;
  }
}
const sorted = Object.entries(lock.packages).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
lock.packages = Object.fromEntries(sorted);
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${String(added)} optional packages of other platforms added to package-lock.json`);
