/** What must hold of a program's folder before anybody puts it on a board. */
import type { Metafile } from "esbuild";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Program } from "../programs.ts";
import { buildCache } from "./npm-package.ts";
import type { TarEntry } from "@pinion/client/release";
import type { Target } from "./targets.ts";

const MQTT_PACKAGE = /(^|\/)node_modules\/(mqtt|mqtt-packet|aedes|mqemitter)\//;
/** What MQTT code cannot do without. */
const MQTT_TEXT = /mqtt-packet|mqttPacket|MQIsdp|"CONNACK"|'CONNACK'/;
/** Octets of the addons of one target: koffi's alone are 1.2 MB. */
const ADDONS_BUDGET = 1_900_000;
/** Octets; what a kernel with large pages (Raspberry Pi 5: 16 KiB) can map. */
const PAGE = 16_384;

/** One sentence for each thing that is wrong. */
export function faultsOf(
  { name, budget }: Program,
  target: Target,
  entries: readonly TarEntry[],
  metafiles: readonly Metafile[],
): readonly string[] {
  const files = entries.filter((entry) => entry.kind === "file");
  const addons = files.filter(({ path }) => path.endsWith(".node"));
  const script = files.filter(({ path }) => path.endsWith(".cjs"));
  return [
    ...metafiles
      .flatMap(({ inputs }) => Object.keys(inputs))
      .filter((path) => MQTT_PACKAGE.test(path))
      .map((path) => `holds MQTT code: ${path}`),
    ...files.filter(({ path }) => isOurText(path)).flatMap(({ path, content }) => textFaults(path, content)),
    ...over("its bundle", script, budget),
    ...over("its addons", addons, ADDONS_BUDGET),
    ...addons.flatMap(({ path, content }) => elfFaults(path, Buffer.from(content), target)),
  ].map((words) => `${target.name}/${name} ${words}`);
}

/** Everything but what others wrote about their software, and their Node. */
function isOurText(path: string): boolean {
  return path !== "LICENCES.txt" && !path.startsWith("node/");
}

function textFaults(path: string, content: Uint8Array): readonly string[] {
  const text = Buffer.from(content).toString("latin1");
  const places = [join(import.meta.dirname, "../.."), buildCache(), join(homedir(), ".")].filter(
    (one) => one.length > 6,
  );
  return [
    ...(MQTT_TEXT.test(text) ? [`holds MQTT code in ${path}`] : []),
    ...places
      .filter((place) => text.includes(place))
      .map((place) => `names a folder of this machine in ${path}: ${place}`),
  ];
}

function over(what: string, files: readonly { readonly content: Uint8Array }[], budget: number): readonly string[] {
  const octets = files.reduce((sum, { content }) => sum + content.length, 0);
  return octets > budget ? [`is too large: ${what} weighs ${String(octets)} octets, over ${String(budget)}`] : [];
}

/** Whether an addon is for this processor, and whether a kernel with large pages can load it. */
export function elfFaults(path: string, file: Buffer, { name, elfMachine, arch }: Target): readonly string[] {
  if (file.subarray(0, 4).toString("latin1") !== "\u007fELF") return [`has ${path}, which is no ELF file`];
  if (file.readUInt16LE(18) !== elfMachine) return [`has ${path}, which is not for ${name}`];
  const wide = file[4] === 2;
  const [first, each, count] = wide
    ? [Number(file.readBigUInt64LE(32)), file.readUInt16LE(54), file.readUInt16LE(56)]
    : [file.readUInt32LE(28), file.readUInt16LE(42), file.readUInt16LE(44)];
  const headers = Array.from({ length: count }, (_, at) => first + at * each);
  const loaded = headers.filter((at) => file.readUInt32LE(at) === 1);
  const alignments = loaded.map((at) => (wide ? Number(file.readBigUInt64LE(at + 48)) : file.readUInt32LE(at + 28)));
  const small = arch !== "x64" && alignments.some((one) => one < PAGE);
  return small ? [`has ${path}, which kernels with pages of 16 KiB cannot load`] : [];
}
