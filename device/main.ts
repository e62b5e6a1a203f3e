/** `pinion-device`: one board, from its configuration to its end. The only file here that touches the process. */
import { formatProblems } from "@pinion/config";
import { nodeClient, systemdNotifier, watchdogLimit } from "@pinion/client";
import type { Client } from "@pinion/wamp/client";
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { Log, Store } from "../drivers/driver.ts";
import type { BoardConfig } from "./board-config.ts";
import { readCommandLine, type Wanted } from "./command-line.ts";
import { composeBoard, composeSafeBoard } from "./compose-board.ts";
import { durableStreams, journalSettings } from "./delivery-config.ts";
import { ConfigTrial, type InForce } from "./config-trial.ts";
import type { Field } from "./field.ts";
import { healthAddress } from "./health-address.ts";
import { urlsOf } from "./router-options.ts";
import { systemReporter } from "./system-report.ts";
import { Watchdog } from "./watchdog.ts";
import { clockSync } from "./clock-sync.ts";
import type { ConfigSource } from "./config-source.ts";
import { findConfig } from "./find-config.ts";
import { kernelClock } from "./kernel-clock.ts";
import { optimizeWhenBusy } from "./optimizing-when-busy.ts";
import { journalDirectory } from "./journal-directory.ts";
import { LogSink } from "./log-sink.ts";
import { type Lag, LoopLag } from "./loop-lag.ts";
import { logFor } from "./logging.ts";
import { processReporter } from "./process-report.ts";
import { readBoard } from "./read-board.ts";
import { Runtime } from "./runtime.ts";
import { collectStartGarbage } from "./start-garbage.ts";
import { launchedBy, stateFolder } from "./state-folder.ts";
import { stateStore } from "./state-store.ts";
import { VERSION } from "./version.ts";

/** sysexits.h: a service manager need not try again. */
const EX_CONFIG = 78;
const EX_SOFTWARE = 70;
/** ms for the last lines of the log to be taken. */
const LOG_LIMIT = 300;
const sink = new LogSink(1);
/** ms from the first signal to the end, whatever hangs. */
const STOP_LIMIT = 5_000;
/** ms that nothing in the process may take by itself. */
const LAG_LIMIT = 2_000;

const COMMANDS: ReadonlySet<string | undefined> = new Set(["update", "config", "enroll", "test-driver"]);

async function main(argv: readonly string[]): Promise<void> {
  if (COMMANDS.has(argv[0])) return command(argv);
  const line = readCommandLine(argv, VERSION);
  if (line.kind === "told") return void process.stdout.write(line.words);
  if (line.kind === "wrong") {
    process.stderr.write(`${line.words}\n`);
    process.exitCode = 1;
    return;
  }
  if (line.wanted.schema) {
    const { editorSchema } = await import("./editor-schema.ts");
    process.stdout.write(`${await editorSchema()}\n`);
  } else await act(line.wanted);
}

async function act(wanted: Wanted): Promise<void> {
  const { config, check, files, safe, doctor, json } = wanted;
  if (doctor !== undefined) return diagnose(doctor, config, json);
  const place = findConfig(config);
  if ("words" in place) return refuse(place.words);
  const trial = new ConfigTrial(place.file, stateFolder());
  if (check) {
    return report(files === undefined ? trial.sourceOf(trial.settled()) : { file: place.file }, wanted);
  }
  let inForce = safe ? trial.present() : trial.begin();
  let read = await readBoard(trial.sourceOf(inForce), hostname());
  if (!read.ok && inForce.source === "trial" && !safe) {
    trial.revert(`it is wrong for this program: ${formatProblems(read.problems)}`);
    inForce = trial.settled();
    read = await readBoard(trial.sourceOf(inForce), hostname());
  }
  if (!read.ok) return refuse(formatProblems(read.problems));
  if (safe) await makeSafe(read.board);
  else await run(read.board, trial, inForce);
}

/** For a person at the board, or a program that prepares this machine or another one. */
async function report(source: ConfigSource, { files: folder, here, json, toEnroll }: Wanted): Promise<void> {
  const { checkReport } = await import("./check-report.ts");
  const told = await checkReport(source, { folder, here, toEnroll }, hostname());
  if (!json && "problems" in told) return refuse(told.problems);
  process.stdout.write(`${json || "problems" in told ? JSON.stringify(told) : told.words}\n`);
  if ("problems" in told) process.exitCode = EX_CONFIG;
}

/** For somebody at the board. */
async function command(argv: readonly string[]): Promise<void> {
  if (argv[0] === "test-driver") {
    const { testDriver } = await import("./driver-test/main.ts");
    process.exitCode = await testDriver(argv.slice(1));
    return;
  }
  const { runCommand } = await import("./updating/command.ts");
  const named = argv.findIndex((word) => word === "--config" || word === "-c");
  const place = findConfig(named === -1 ? undefined : argv[named + 1]);
  if (argv[0] === "enroll") return enrollHere("words" in place ? "/etc/pinion/board.yaml" : place.file);
  if ("words" in place) return refuse(place.words);
  const trial = new ConfigTrial(place.file, stateFolder());
  const read = await readBoard(trial.sourceOf(trial.settled()), hostname());
  if (!read.ok) return refuse(formatProblems(read.problems));
  const launched = launchedBy(VERSION);
  const [{ updatesContext }, { Refused }] = await Promise.all([import("./field.ts"), import("@pinion/client/release")]);
  try {
    await runCommand(argv, {
      board: read.board,
      trial,
      readBoard: (text) => readBoard({ file: trial.named, text }, hostname()),
      updates: launched && updatesContext(launched, read.board, trial.named),
      say: (words) => void process.stdout.write(`${words}\n`),
    });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    process.stderr.write(`pinion-device: ${error.message}: ${error.cure}\n`);
    process.exitCode = 1;
  }
}

async function enrollHere(file: string): Promise<void> {
  const { enroll } = await import("./enroll.ts");
  const say = (words: string): void => void process.stderr.write(`${words}\n`);
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  try {
    enroll(file, { hostname: hostname(), stateFolder: stateFolder(), say, print });
  } catch (error) {
    say(`pinion-device: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}

async function diagnose(what: "gpio" | "all", config: string | undefined, json: boolean): Promise<void> {
  const { diagnosis } = await import("./doctor/diagnosis.ts");
  const { words, status } = await diagnosis({ what, config, json });
  process.stdout.write(`${words}\n`, () => process.exit(status));
}

async function makeSafe(board: BoardConfig): Promise<void> {
  const { drivingPart, safeOutputs } = await import("./safe-outputs.ts");
  const drivers = drivingPart(board.drivers);
  const quiet = (): void => undefined;
  const log: Log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  const say = (words: string): void => void process.stdout.write(`${words}\n`);
  const isSafe = await safeOutputs(drivers, await composeSafeBoard(board, drivers), { ...platform, log, say });
  process.exit(isSafe ? 0 : EX_SOFTWARE);
}

function refuse(words: string): void {
  process.stderr.write(`pinion-device: ${words}\n`);
  process.exitCode = EX_CONFIG;
}

async function run(board: BoardConfig, trial: ConfigTrial, inForce: InForce): Promise<void> {
  const { config, naming, title, drivers: planned } = board;
  const { url, realm } = config.router;
  const stateDir = config.board.stateDir ?? process.env["STATE_DIRECTORY"];
  const journalFolder = journalDirectory(config.journal.directory, stateDir);
  const logger = { level: config.log.level, board: naming.id, sink };
  process.on("exit", () => sink.flushSync());
  const log = logFor(logger, "device");
  const loopLag = new LoopLag({ now: platform.clock.mono, after: platform.timers.after });
  const client = nodeClient(url, {
    ...board.router.options,
    onError: (error, where) => log.error(`${where}: ${String(error)}`),
  });
  const launched = launchedBy(VERSION);
  const field: Field | undefined =
    launched &&
    new (await import("./field.ts")).Field({
      ...launched,
      board,
      trial,
      inForce,
      timers: platform.timers,
      log,
      readBoard: (text) => readBoard({ file: trial.named, text }, hostname()),
      hasJoined: () => runtime.health().link.sessions > 0,
      tell: (report) => void client.publish(naming.own("update"), [report]).catch(() => undefined),
      restart: () => finish(runtime, log, 0),
    });
  const runtime: Runtime = new Runtime({
    naming,
    title,
    version: VERSION,
    boot: randomBytes(8).toString("hex"),
    drivers: planned,
    board: await composeBoard(board),
    client,
    router: { url: urlsOf(url).join(", "), realm },
    ...platform,
    log,
    logFor: (driver) => logFor(logger, driver),
    processReport: processReporter(loopLag.reader()),
    store: storeFor(stateDir),
    isSynced: clockSync(),
    kernel: kernelClock(),
    systemReport: systemReporter(journalFolder),
    field: field && { procedures: field.procedures(), health: () => field.health(), ready: () => field.ready() },
    delivery: {
      durable: durableStreams(config.delivery, planned),
      settings: journalSettings(config.journal),
      openPlace: async () => (await import("./journal-place.ts")).openJournalPlace(journalFolder),
    },
  });
  log.info(`pinion-device ${VERSION} starts`, { drivers: planned.map(({ name }) => name), url, realm });
  if (planned.length === 0) log.warn("no drivers: the board only describes itself; add drivers to its configuration");
  ended = (words) => field?.failed(words);
  field?.start();
  begin(runtime, log, loopLag.reader(), client);
  await answerHealth(config.health.listen, runtime, log);
}

function begin(runtime: Runtime, log: Log, lag: () => Lag, client: Pick<Client, "onState">): void {
  const watchdog = watchdogOf(runtime, log, lag);
  collectStartGarbage();
  optimizeWhenBusy(platform.timers);
  client.onState(({ state }) => {
    if (state === "ready" || state === "waiting") watchdog.changed();
  });
  endOnSignals(runtime, log, watchdog);
  runtime.start().then(
    () => watchdog.ready(),
    (error: unknown) => fail(runtime, log, error),
  );
}

async function answerHealth(listen: string | undefined, runtime: Runtime, log: Log): Promise<void> {
  const address = healthAddress(listen ?? "");
  if (address === undefined) return;
  try {
    const { serveHealth } = await import("./health-server.ts");
    await serveHealth(address, () => runtime.health());
  } catch (error) {
    log.error(`health.listen: ${String(error)}; the board runs without /healthz`);
  }
}

function watchdogOf(runtime: Runtime, log: Log, lag: () => Lag): Watchdog {
  const limit = watchdogLimit();
  return new Watchdog({
    notify: systemdNotifier((words) => log.warn(words)),
    timers: platform.timers,
    log,
    limit,
    status: () => {
      const { state, link, drivers } = runtime.health();
      const cause =
        link.state === "ready" || link.cause === undefined ? "" : ` (${link.cause.replaceAll(/\s+/g, " ")})`;
      return `${state}; link ${link.state}${cause}; drivers ${drivers.map((one) => `${one.name} ${one.state}`).join(", ") || "none"}`;
    },
    fault: () => {
      const worst = lag().max;
      return worst > LAG_LIMIT ? `the event loop stood still for ${String(Math.round(worst))} ms` : runtime.fault();
    },
  });
}

const platform = {
  clock: { wall: () => Date.now(), mono: () => performance.now() },
  timers: { after: (ms: number, run: () => void) => cancelOf(setTimeout(run, ms)) },
  random: Math.random,
};

/** systemd may name several folders; the first is the service's own. */
function storeFor(folder: string | undefined): Store | undefined {
  const [first = ""] = folder?.split(":") ?? [];
  return first === "" ? undefined : stateStore(first);
}

function cancelOf(timer: NodeJS.Timeout): () => void {
  return () => clearTimeout(timer);
}

function endOnSignals(runtime: Runtime, log: Log, watchdog: Watchdog): void {
  let ending = false;
  const end = (signal: NodeJS.Signals): void => {
    if (ending) {
      log.warn(`${signal} again: ends at once`);
      process.exit(1);
    }
    ending = true;
    watchdog.stopping();
    log.info(`${signal}: outputs to their safe level, then the end`);
    finish(runtime, log, 0);
  };
  // SIGHUP too: a terminal that is closed must not leave a pump running
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, end);
  process.on("uncaughtException", (error) => fail(runtime, log, error));
}

/** A bug of ours. What else is wrong is not known, so: outputs safe, and a fresh start by whoever watches the service. */
function fail(runtime: Runtime, log: Log, error: unknown): void {
  const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
  log.error(`this should not happen, the board ends: ${words}`);
  ended(words);
  finish(runtime, log, EX_SOFTWARE);
}

/** Hears why the process ends, so that a release on trial is told of by it. */
let ended: (words: string) => void = () => undefined;
/** The gravest status of all that ended the board; an exception on the way down is not to look like a clean end. */
let exitStatus = 0;

function finish(runtime: Runtime, log: Log, status: number): void {
  exitStatus = Math.max(exitStatus, status);
  setTimeout(() => {
    log.error(`the end took longer than ${String(STOP_LIMIT)} ms: ends without waiting`);
    process.exit(EX_SOFTWARE);
  }, STOP_LIMIT);
  runtime.stop().then(
    (safe) => {
      log.info(safe ? "ended, outputs are at their safe level" : "ended, but not every driver closed");
      leave(safe ? exitStatus : EX_SOFTWARE);
    },
    (error: unknown) => {
      log.error(`the end failed: ${String(error)}`);
      leave(EX_SOFTWARE);
    },
  );
}

/** Once the log is written, or nobody takes it. */
function leave(status: number): void {
  setTimeout(() => process.exit(status), LOG_LIMIT);
  void sink.flushed().then(() => process.exit(status));
}

/** Before the board runs; from then on `fail` is told. */
main(process.argv.slice(2)).catch((error: unknown) => {
  const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`pinion-device: this should not happen: ${words}\n`);
  process.exitCode = EX_SOFTWARE;
});
