/** `pinion-router-bridge`: the command line. Exit status: 0 stopped in order, 1 cannot run, 2 wrong arguments or configuration. */
import { realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { Command, CommanderError } from "commander";
import { garbageCollector, systemdNotifier, watchdogLimit } from "@pinion/client";
import { formatProblems } from "@pinion/config";
import { Bridge } from "./bridge.ts";
import { BridgeError } from "./bridge-error.ts";
import { callbackClock } from "./callback-clock.ts";
import { tuneCollector } from "./collector.ts";
import type { Config } from "./config-schema.ts";
import { readConfig } from "./config.ts";
import { letHelpersGiveWay } from "./helping-threads.ts";
import { IdleCollection } from "./idle-collection.ts";
import { isLoopback, parseHostPort } from "./listeners/address.ts";
import { insecureBind } from "./listeners/listen.ts";
import type { Log } from "./log.ts";
import { processLog } from "./process-log.ts";
import { VERSION } from "./version.ts";
import { secureRandom } from "./secure-random.ts";

interface Arguments {
  readonly config?: string;
  readonly listen?: string;
  readonly check?: boolean;
}

const USAGE_STATUS = 2;
/** Signs of life in the time in which systemd wants one, so that a single one may be missed. */
const PINGS = 3;

async function main(argv: readonly string[]): Promise<void> {
  const args = parseArguments(argv);
  const result = readConfig(args.config);
  if (!result.ok) throw new BridgeError("config_invalid", formatProblems(result.problems));
  const config = args.listen === undefined ? result.config : withListener(result.config, args.listen);
  if (args.check === true) {
    process.stdout.write(`${args.config ?? "the defaults"}: no problem found\n`);
    return;
  }
  await run(config, processLog(config.log.level));
}

async function run(config: Config, log: Log): Promise<void> {
  const bridge = new Bridge(config, {
    log,
    dashboardFolder: join(scriptFolder(), "dashboard"),
    now: callbackClock(() => performance.now()),
    random: secureRandom(),
  });
  const notify = systemdNotifier((words) => log.warn({}, words));
  const stop = async (signal: string): Promise<void> => {
    notify("STOPPING=1");
    log.info({ signal }, "stopping: saying goodbye to everyone");
    await bridge.stop();
    log.info({}, "stopped");
    process.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void stop(signal));
  await bridge.start();
  notify("READY=1");
  keepAlive(notify);
  collectWhenIdle();
}

/** Tells systemd of life while the event loop turns; what hangs for the whole of `WatchdogSec=` is ended and started anew. */
function keepAlive(notify: (...lines: readonly string[]) => void): void {
  const limit = watchdogLimit();
  if (limit !== undefined) setInterval(() => notify("WATCHDOG=1"), limit / PINGS).unref();
}

function collectWhenIdle(): void {
  let last = performance.eventLoopUtilization();
  const collection = new IdleCollection({
    after: (ms, run) => void setTimeout(run, ms).unref(),
    busy: () => {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, last);
      last = now;
      return utilization;
    },
    resident: () => process.memoryUsage.rss(),
    heap: () => process.memoryUsage().heapUsed,
    collect: garbageCollector(),
  });
  collection.start();
}

/** Commander prints help and complaints itself. */
function parseArguments(argv: readonly string[]): Arguments {
  return new Command("pinion-router-bridge")
    .description("WAMP router for boards and browsers, or a relay in front of an existing router")
    .version(VERSION)
    .option("--config <file>", "YAML configuration; without one the defaults hold")
    .option("--listen <host:port>", "listen here instead of where the configuration says")
    .option("--check", "check the configuration and exit")
    .exitOverride()
    .parse([...argv])
    .opts<Arguments>();
}

function withListener(config: Config, tcp: string): Config {
  const at = parseHostPort(tcp);
  if (at === undefined) throw new BridgeError("usage", `--listen ${tcp}: write host:port, such as 127.0.0.1:8080`);
  if (!isLoopback(at.host)) throw insecureBind(tcp);
  return { ...config, listen: [{ tcp }] };
}

/** The folder of the running script: works in a bundle and from sources, where module-level paths would not do both. */
function scriptFolder(): string {
  try {
    return dirname(realpathSync(process.argv[1] ?? "."));
  } catch {
    return process.cwd();
  }
}

function fail(error: unknown): void {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : USAGE_STATUS;
    return;
  }
  const known = error instanceof BridgeError;
  const words = error instanceof Error ? (known ? error.message : (error.stack ?? error.message)) : String(error);
  process.stderr.write(`pinion-router-bridge: ${known ? `${error.code}: ` : ""}${words}\n`);
  process.exitCode = known && (error.code === "config_invalid" || error.code === "usage") ? USAGE_STATUS : 1;
}

tuneCollector();
letHelpersGiveWay();
main(process.argv).catch(fail);
