/*
 * Writes every reading of `sensor.*` to data/<year>-<month>.csv, each once, also those that were made while this program or
 * the router was away: it keeps in data/cursor.json what it has written, and asks the boards for what it missed.
 */
import {
  appendFileSync,
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { nodeClient, readCredentials } from "../lib/pinion-client.cjs";

const ROUTER = process.env.PINION_URL ?? "rs://127.0.0.1:{{port}}";
const FLUSH_MS = 500;
/** Octets of a file that are looked through at the start; what is written between two looks at cursor.json is less. */
const TAIL = 512 * 1024;
const HEADER = "time,device,topic,value,unit,quality,boot,seq\n";

const house = join(dirname(fileURLToPath(import.meta.url)), "..");
const data = join(house, "data");
const cursorFile = join(data, "cursor.json");
mkdirSync(data, { recursive: true });

let waiting = [];
let timer;
let held;

/** A field that a comma, a quote or a line's end cannot break, and that no spreadsheet takes for a formula. */
function field(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const plain = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

function keep(t, fields) {
  const time = new Date(typeof t === "number" ? t : Date.now()).toISOString();
  waiting.push({ file: join(data, `${time.slice(0, 7)}.csv`), line: `${[time, ...fields].map(field).join(",")}\n` });
  if (waiting.length >= 1000) write();
  else timer ??= setTimeout(write, FLUSH_MS);
}

/** First the rows, then what says that they are there: what was interrupted between both is written once more, not lost. */
function write() {
  clearTimeout(timer);
  timer = undefined;
  const byFile = new Map();
  for (const { file, line } of waiting) byFile.set(file, (byFile.get(file) ?? "") + line);
  waiting = [];
  try {
    for (const [file, rows] of byFile) {
      const isNew = !existsSync(file);
      const descriptor = openSync(file, "a");
      appendFileSync(descriptor, (isNew ? HEADER : "") + rows);
      fsyncSync(descriptor);
      closeSync(descriptor);
    }
    if (held === undefined) return;
    writeFileSync(`${cursorFile}.new`, JSON.stringify(held.cursor()), { flush: true });
    renameSync(`${cursorFile}.new`, cursorFile);
  } catch (error) {
    // started again it goes on with what is not in cursor.json
    console.error(`sensors-to-csv: ${data} cannot be written: ${error.message}`);
    process.exit(1);
  }
}

/** Rows that an interruption left behind what cursor.json knows; half a row, as a lost power leaves it, is taken away. */
function alreadyWritten() {
  const files = readdirSync(data).filter((name) => name.endsWith(".csv"));
  const rows = files
    .toSorted()
    .slice(-2)
    .flatMap((name) => lastRows(join(data, name)));
  return new Set(rows.map((row) => keyOf(row.split(","))));
}

function lastRows(file) {
  const descriptor = openSync(file, "r+");
  const { size } = fstatSync(descriptor);
  const from = Math.max(0, size - TAIL);
  const tail = Buffer.alloc(size - from);
  readSync(descriptor, tail, 0, tail.length, from);
  const whole = tail.lastIndexOf("\n") + 1;
  if (whole < tail.length) ftruncateSync(descriptor, from + whole);
  closeSync(descriptor);
  return tail.toString("utf8", 0, whole).split("\n");
}

function keyOf(fields) {
  return [fields[1], fields[2], ...fields.slice(-2)].join(" ");
}

function savedCursor() {
  if (!existsSync(cursorFile)) return {};
  try {
    return JSON.parse(readFileSync(cursorFile, "utf8"));
  } catch (error) {
    console.error(
      `sensors-to-csv: ${cursorFile} is damaged (${error.message}): remove it to begin with what the boards keep`,
    );
    return process.exit(1);
  }
}

const credentials = readCredentials({ authid: "backend", secretFile: join(house, "secrets/backend.secret") });
const client = nodeClient(ROUTER, { realm: "realm1", credentials });
let lost = "";
client.onState(({ state, cause }) => {
  if (state === "waiting" && cause !== lost) console.error(`sensors-to-csv: ${cause}; trying again`);
  if (state === "ready") console.error("sensors-to-csv: connected");
  lost = state === "waiting" ? cause : lost;
});

const written = alreadyWritten();
function received({ topic, args: [value], kwargs: { t, device, unit, quality, boot, seq } }) {
  const fields = [device, topic, value, unit, quality, boot, seq];
  if (!written.delete(keyOf(["", ...fields].map(field)))) keep(t, fields);
}

/** Readings that a board knows to be lost stand in the file too. */
function gap({ device, topic, boot, from, to, reason }) {
  keep(undefined, [device, topic, `lost ${String(from)} to ${String(to ?? "?")}: ${reason}`, "", "lost", boot, ""]);
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    write();
    void client.close().finally(() => process.exit(0));
  });
}

client.open();
held = await client.subscribe("sensor.", received, { match: "prefix", from: savedCursor(), onReadingGap: gap });
