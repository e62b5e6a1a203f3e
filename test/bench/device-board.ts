/** The boards of `bench:device`: the built pinion-device and two bare scripts, each a bundle made with the same options. */
import { build } from "esbuild";
import { mkdtempSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { start, type Running } from "../support/programs.ts";
import { buildAside, type Aside } from "./build-aside.ts";

export const boardNames = ["pinion-device", "autobahn", "mqtt"] as const;
export type BoardName = (typeof boardNames)[number];

export interface Board {
  readonly name: BoardName;
  readonly bundle: Aside;
  /** With one output pin, and so many readings a second: 0, or a multiple of 10 up to 1,000. */
  start(address: Address, readings: number): Running;
}

export interface Address {
  /** Of the router: raw socket and WebSocket. */
  readonly router: number;
  /** Of mosquitto. */
  readonly broker: number;
}

const SENSORS = 10;
const local = (scheme: string, port: number): string => `${scheme}://127.0.0.1:${String(port)}`;

export async function buildBoards(): Promise<readonly Board[]> {
  const device = await buildAside("pinion-device");
  const autobahn = await bundleScript("autobahn");
  const mqtt = await bundleScript("mqtt");
  const rate = (readings: number): string[] => (readings > 0 ? [String(readings)] : []);
  const run = (bundle: Aside, args: readonly string[]): Running => start(process.execPath, [bundle.script, ...args]);
  return [
    {
      name: "pinion-device",
      bundle: device,
      start: ({ router }, readings) => run(device, ["--config", writeConfig(router, readings)]),
    },
    {
      name: "autobahn",
      bundle: autobahn,
      start: ({ router }, readings) => run(autobahn, [`${local("ws", router)}/ws`, ...rate(readings)]),
    },
    {
      name: "mqtt",
      bundle: mqtt,
      start: ({ broker }, readings) => run(mqtt, [local("mqtt", broker), ...rate(readings)]),
    },
  ];
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
  return { script, octets: statSync(script).size };
}
