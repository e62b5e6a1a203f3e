/** The boards of `bench:device`: the built pinion-device and two bare scripts, each a bundle made with the same options. */
import { build } from "esbuild";
import { mkdtempSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { programs } from "../../deploy/programs.ts";
import { start, type Running } from "../support/programs.ts";
import { buildAside, type Aside } from "./build-aside.ts";
import { ownNode } from "./own-node.ts";

export const boardNames = ["pinion-device", "autobahn", "mqtt"] as const;
export type BoardName = (typeof boardNames)[number];

export interface Board {
  readonly name: BoardName;
  /** Octets of JavaScript in all its files, whether a board loads them or not. */
  readonly shipped: number;
  /** With one output pin, and so many readings a second: 0, or a multiple of 10 up to 1,000. */
  start(address: Address, readings: number): Running;
  /** The same, and it tells the JavaScript that it loaded as `loaded-code <octets>` when it gets SIGUSR2. */
  startCounting(address: Address): Running;
}

export interface Address {
  /** Of the router: raw socket and WebSocket. */
  readonly router: number;
  /** Of mosquitto. */
  readonly broker: number;
}

const SENSORS = 10;
const LOADED_CODE = join(import.meta.dirname, "boards/loaded-code.cjs");
const local = (scheme: string, port: number): string => `${scheme}://127.0.0.1:${String(port)}`;

export async function buildBoards(): Promise<readonly Board[]> {
  const device = await buildAside("pinion-device");
  const autobahn = await bundleScript("autobahn");
  const mqtt = await bundleScript("mqtt");
  const node = ownNode();
  const rate = (readings: number): string[] => (readings > 0 ? [String(readings)] : []);
  return [
    board("pinion-device", { ...device, node }, ({ router }, readings) => ["--config", writeConfig(router, readings)]),
    board("autobahn", { ...autobahn, node }, ({ router }, readings) => [
      `${local("ws", router)}/ws`,
      ...rate(readings),
    ]),
    board("mqtt", { ...mqtt, node }, ({ broker }, readings) => [local("mqtt", broker), ...rate(readings)]),
  ];
}

type Arguments = (address: Address, readings: number) => readonly string[];

function board(name: BoardName, { script, node: program }: Aside & { readonly node: string }, args: Arguments): Board {
  // as its start script does it
  const shipped = programs.find((program) => program.name === name);
  const environment = shipped === undefined ? [] : ["MALLOC_ARENA_MAX=1"];
  const node = [program, ...(shipped?.nodeOptions ?? [])];
  return {
    name,
    shipped: octetsOfScripts(dirname(script), name === "pinion-device" ? "" : basename(script)),
    start: (address, readings) => start("env", [...environment, ...node, script, ...args(address, readings)]),
    startCounting: (address) => start(program, ["--require", LOADED_CODE, script, ...args(address, 0)]),
  };
}

/** Of one script, or of all in a folder. */
function octetsOfScripts(folder: string, only: string): number {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".cjs") && (only === "" || file === only),
  );
  return files.reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
}

function writeConfig(port: number, readings: number): string {
  const interval = `${String((SENSORS * 1000) / readings)}ms`;
  const sensors = Array.from(
    { length: SENSORS },
    (_, i) => `      s${String(i)}: { wave: sine, min: -1, max: 1, interval: ${interval}, unit: Cel }`,
  );
  const config = [
    "device: { id: bench }",
    `router: { url: "${local("rs", port)}" }`,
    "board: { gpio: simulated }",
    "drivers:",
    "  - use: gpio",
    "    pins:",
    // The bare scripts have no limit; ours is out of the way rather than off.
    "      relay: { pin: GPIO17, direction: out, rateLimit: { changes: 10000, per: 1ms } }",
    ...(readings > 0 ? ["  - use: simulated", "    sensors:", ...sensors] : []),
  ];
  const file = join(mkdtempSync(join(tmpdir(), "pinion-bench-")), "board.yaml");
  writeFileSync(file, `${config.join("\n")}\n`);
  return file;
}

async function bundleScript(name: "autobahn" | "mqtt"): Promise<Aside> {
  const script = join(import.meta.dirname, "../../test-results/bench", `${name}.cjs`);
  await build({
    entryPoints: [join(import.meta.dirname, "boards", `${name}.mjs`)],
    outfile: script,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    minify: true,
    keepNames: true,
    legalComments: "none",
    logLevel: "error",
    // What these packages use only where it is installed.
    external: ["bufferutil", "utf-8-validate"],
    nodePaths: [join(import.meta.dirname, "../peers/node_modules")],
  });
  return { script };
}
