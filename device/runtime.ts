/**
 * The board's process without the process: puts the parts together, starts them in order and stops them in order. Drivers
 * are opened first and live through any number of sessions; the session is opened last and closed last, so that the world
 * sees the outputs go to their safe level.
 */
import type { Client } from "@pinion/wamp/client";
import type { Board } from "../drivers/board.ts";
import type { Clock, Log, Store, Timers } from "../drivers/driver.ts";
import { Interlocks } from "../drivers/interlock.ts";
import { ClockWatch } from "./clock-watch.ts";
import { BootClocks, type KernelClock } from "./journal/boot-clocks.ts";
import { Component, type FieldProcedures } from "./component.ts";
import type { BoardDescription } from "./board-description.ts";
import { overallState, type Health, type ProcessReport, type SystemReport } from "./health.ts";
import { Link } from "./link.ts";
import type { Naming } from "./naming.ts";
import type { PlannedDriver } from "./plan.ts";
import { Delivering, type JournalPlace } from "./delivering.ts";
import type { JournalSettings } from "./delivery-config.ts";
import { Readings } from "./readings.ts";
import { SupervisedDriver } from "./supervised-driver.ts";
import { within } from "./within.ts";

/** ms for all drivers together to reach their safe level and let go. */
export const CLOSE_DRIVERS_LIMIT = 3_000;
/** ms for any one of them. */
export const CLOSE_ONE_LIMIT = 1_500;
/** ms for GOODBYE and its answer. */
export const CLOSE_SESSION_LIMIT = 1_500;
/** ms between two health events. */
const HEALTH_EVERY = 60_000;
/** ms that the session waits for the journal of earlier runs to be read. */
const OPEN_JOURNAL_LIMIT = 10_000;
/** ms for the journal to write what it holds. */
export const CLOSE_JOURNAL_LIMIT = 400;

export interface RuntimeOptions {
  readonly naming: Naming;
  readonly title: string;
  readonly version: string;
  /** Names this run of the process: random, so that (boot, seq) is a key for ever. */
  readonly boot: string;
  readonly drivers: readonly PlannedDriver[];
  readonly board: Board;
  /** Not open yet. */
  readonly client: Client;
  readonly router: { readonly url: string; readonly realm: string };
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: () => number;
  readonly log: Log;
  /** The logger that a driver gets. */
  readonly logFor: (driver: string) => Log;
  readonly processReport: () => ProcessReport;
  /** What drivers keep over runs; left out: nothing. */
  readonly store?: Store | undefined;
  readonly isSynced: () => boolean;
  /** Left out: readings of earlier runs cannot be put right by this one's clock. */
  readonly kernel?: KernelClock | undefined;
  readonly systemReport: () => SystemReport;
  /** What a board that a service manager runs offers besides. */
  readonly field?: FieldOffer | undefined;
  readonly delivery: {
    /** Streams whose readings are kept until the router has them. */
    readonly durable: ReadonlySet<string>;
    readonly settings: JournalSettings;
    readonly openPlace: () => Promise<JournalPlace>;
  };
}

export interface FieldOffer {
  readonly procedures: FieldProcedures;
  readonly health: () => Pick<Health, "release" | "config">;
  /** A session is ready. */
  readonly ready: () => void;
}

export class Runtime {
  readonly #options: RuntimeOptions;
  readonly #readings: Readings;
  readonly #delivering: Delivering;
  readonly #clockWatch: ClockWatch;
  readonly #interlocks = new Interlocks();
  readonly #drivers: readonly SupervisedDriver[];
  readonly #link: Link;
  readonly #component: Component;
  readonly #startedAt: number;
  readonly #startedMono: number;
  #cancelHealth: () => void = () => undefined;
  #stopped: Promise<boolean> | undefined;

  constructor(options: RuntimeOptions) {
    this.#options = options;
    const { naming, client, clock, timers, log, boot, title, version } = options;
    this.#startedAt = clock.wall();
    this.#startedMono = clock.mono();
    const clocks = new BootClocks({ boot, clock, kernel: options.kernel });
    this.#delivering = new Delivering({ client, naming, boot, clock, clocks, timers, log, ...options.delivery });
    this.#clockWatch = new ClockWatch({
      ...options,
      clocks,
      onStep: (step) => this.#readings.clockStepped(step),
      onChange: () => this.#delivering.clocksChanged(),
    });
    this.#readings = new Readings({
      boot,
      clock,
      isSynced: options.isSynced,
      onReading: (stream, reading) => this.#delivering.reading(stream, reading),
      onInterruption: (stream, interruption) => this.#delivering.interruption(stream, interruption),
    });
    this.#drivers = options.drivers.map((planned) => this.#supervise(planned));
    this.#link = new Link({
      client,
      naming,
      boot,
      clock,
      timers,
      log,
      ...options.router,
      onReady: () => {
        for (const driver of this.#drivers) driver.linkChanged(true);
        this.#component.ready();
        options.field?.ready();
      },
      onLost: () => {
        for (const driver of this.#drivers) driver.linkChanged(false);
      },
      onChange: () => this.#component.changed(),
    });
    this.#component = new Component({
      client,
      link: this.#link,
      naming,
      timers,
      log,
      identity: { id: naming.id, title, version, boot, startedAt: this.#startedAt },
      drivers: this.#drivers,
      readings: this.#readings,
      delivering: this.#delivering,
      health: () => this.health(),
      clockReport: () => this.#clockWatch.report(),
      stepsOf: (one) => clocks.stepsOf(one),
      further: options.field?.procedures ?? {},
    });
  }

  /**
   * Opens the drivers one after the other, while the journal of earlier runs is read, then the session. Resolves when it is being opened;
   * no failure ends it.
   */
  async start(): Promise<void> {
    this.#clockWatch.start();
    const opened = this.#delivering.open();
    for (const driver of this.#drivers) {
      if (this.#stopped !== undefined) return;
      await driver.open();
    }
    if (!(await within(this.#options.timers, OPEN_JOURNAL_LIMIT, opened))) {
      this.#options.log.warn("reading the journal of earlier runs takes long: the board joins without it for now");
    }
    if (this.#stopped !== undefined) return;
    this.#component.declare();
    this.#options.client.open();
    this.#tellHealth();
  }

  /**
   * Refuses calls, brings outputs to their safe level, closes drivers in reverse order, says goodbye. Ends within
   * CLOSE_DRIVERS_LIMIT + CLOSE_SESSION_LIMIT + CLOSE_JOURNAL_LIMIT whatever hangs. False: some driver did not say that it is closed, so the state
   * of its outputs is not known. Idempotent.
   */
  stop(): Promise<boolean> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  health(): Health {
    const { naming, boot, version, clock } = this.#options;
    const drivers = this.#drivers.map((driver) => driver.report());
    const link = this.#link.report();
    const journal = this.#delivering.journal();
    return {
      state: overallState(drivers, link, journal),
      id: naming.id,
      boot,
      version,
      uptime: Math.round((clock.mono() - this.#startedMono) / 1_000),
      t: clock.wall(),
      drivers,
      link,
      readings: this.#delivering.readings(),
      ...(journal === undefined ? {} : { journal }),
      clock: this.#clockWatch.report(),
      system: this.#options.systemReport(),
      ...this.#options.field?.health(),
      ...this.#options.processReport(),
    };
  }

  /** Why nobody should rely on this process any more; undefined while all of it works. */
  fault(): string | undefined {
    const stuck = this.#drivers.find((driver) => driver.isStuck);
    return stuck === undefined
      ? this.#delivering.fault
      : `the driver ${stuck.planned.name} does not end its opening, or its closing`;
  }

  describe(): BoardDescription {
    return this.#component.describe();
  }

  #supervise(planned: PlannedDriver): SupervisedDriver {
    const { board, clock, timers, random, logFor, store } = this.#options;
    for (const channel of planned.description.channels) {
      for (const [stream, description] of Object.entries(channel.streams)) {
        this.#readings.declare(planned.name, stream, description);
      }
    }
    return new SupervisedDriver(planned, {
      board,
      clock,
      timers,
      random,
      log: logFor(planned.name),
      store: store && prefixed(store, planned.name),
      interlock: (group) => this.#interlocks.of(group),
      accept: (driver, stream, reading) => this.#readings.accept(driver.name, stream, reading),
      onFailure: (driver, error) => this.#readings.driverFailed(driver.name, error.message),
      onState: () => this.#component.changed(),
    });
  }

  /** Each minute, to whoever listens. */
  #tellHealth(): void {
    const { client, naming, timers } = this.#options;
    this.#cancelHealth = timers.after(HEALTH_EVERY, () => {
      // without a session nobody listens; unacknowledged, so its failure needs no word
      if (client.session !== undefined) void client.publish(naming.own("health"), [this.health()]);
      this.#tellHealth();
    });
  }

  async #stop(): Promise<boolean> {
    const { client, timers, log } = this.#options;
    this.#cancelHealth();
    this.#clockWatch.stop();
    this.#component.stop();
    const safe = await this.#closeDrivers();
    if (!(await within(timers, CLOSE_SESSION_LIMIT, client.close()))) log.warn("the session did not end in time");
    if (!(await within(timers, CLOSE_JOURNAL_LIMIT, this.#delivering.close())))
      log.warn("the journal did not close in time");
    return safe;
  }

  /** What holds outputs goes first: no other driver's trouble may come between a pump and its safe level. */
  async #closeDrivers(): Promise<boolean> {
    const { clock, log } = this.#options;
    const end = clock.mono() + CLOSE_DRIVERS_LIMIT;
    const reverse = this.#drivers.toReversed();
    const ordered = [...reverse.filter(hasOutputs), ...reverse.filter((driver) => !hasOutputs(driver))];
    let safe = true;
    for (const driver of ordered) {
      const limit = Math.max(0, Math.min(CLOSE_ONE_LIMIT, end - clock.mono()));
      if (await driver.close(limit)) continue;
      safe = false;
      log.error(
        `driver ${driver.planned.name} did not close as it should within ${String(limit)} ms: its outputs may not be safe`,
      );
    }
    return safe;
  }
}

/** Each driver has keys of its own. */
function prefixed(store: Store, driver: string): Store {
  return {
    load: async (key) => store.load(`${driver}.${key}`),
    save: async (key, text) => store.save(`${driver}.${key}`, text),
  };
}

function hasOutputs({ planned }: SupervisedDriver): boolean {
  return planned.description.channels.some(({ role }) => role === "output");
}
