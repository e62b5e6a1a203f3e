// @ts-check
/**
 * A driver of one's own, whole: the carbon dioxide sensor MH-Z19 on a serial port. In board.yaml:
 *
 *   drivers:
 *     - { use: ./mh-z19.mjs, path: /dev/serial0, interval: 30s, valid: { max: 5000 } }
 *
 * The port itself is opened by the board, and only the one that `plan` claims. `pinion driver test ./mh-z19.mjs` tries it
 * without any sensor, as mh-z19.scenario.mjs beside it says.
 */
import {
  defineDriver,
  describePolled,
  DriverError,
  nameSchema,
  openPolled,
  pollIssues,
  pollOptions,
  pollProperties,
  scaled,
  scalingIssues,
  scalingProperties,
  Type,
} from "@pinion/driver";

/** @import { DriverContext, SerialConnection, Static } from "@pinion/driver" */

const INTERVAL = "10s";
/** ms for the sensor to answer. */
const PATIENCE = 1_000;
/** "Read the concentration", with its check sum. */
const REQUEST = Uint8Array.of(0xff, 0x01, 0x86, 0, 0, 0, 0, 0, 0x79);

const configSchema = Type.Object(
  {
    path: Type.String({ pattern: "^/dev/", maxLength: 256, description: "The sensor's serial port" }),
    name: Type.Optional({ ...nameSchema, default: "co2", description: "Name of the channel and of its stream" }),
    ...pollProperties(INTERVAL, 2_000),
    ...scalingProperties,
  },
  { additionalProperties: false },
);

/** @param {Static<typeof configSchema>} config */
const sensorOf = (config) => ({
  name: config.name ?? "co2",
  title: config.title ?? "Carbon dioxide",
  unit: config.unit ?? "ppm",
  options: pollOptions(config, INTERVAL),
  details: { path: config.path },
});

export default defineDriver({
  kind: "mh_z19",
  title: "Carbon dioxide, with an MH-Z19",
  configSchema,
  issues: (config) => [...pollIssues(config, INTERVAL, ""), ...scalingIssues(config, "")],
  describe: (config) => ({ kind: "mh_z19", channels: [describePolled(sensorOf(config))] }),
  plan: (config) => [{ type: "serial-port", path: config.path, owner: sensorOf(config).name }],
  open: async (config, ctx) => {
    const port = new SensorPort(config.path, ctx);
    // the engine of all polled sensors keeps the time, tells stale and failed readings, and never stops
    const sensors = await openPolled([sensorOf(config)], ctx, () => ({
      read: async () => scaled(await port.read(), config),
    }));
    return {
      ...sensors,
      close: async () => {
        await port.close();
        await sensors.close();
      },
    };
  },
});

/** Owns the connection, which is opened when it is needed, and the one question that may be under way. */
class SensorPort {
  /** @type {SerialConnection | undefined} */
  #connection;
  /** @type {((answer: Uint8Array | DriverError) => void) | undefined} */
  #answered;
  #held = new Uint8Array(0);
  #closed = false;

  /**
   * @param {string} path
   * @param {DriverContext} ctx
   */
  constructor(path, ctx) {
    this.path = path;
    this.ctx = ctx;
  }

  /** The concentration in ppm. @throws DriverError */
  async read() {
    if (this.#closed) throw new DriverError("closed", `${this.path} is closed`);
    const connection = (this.#connection ??= await this.#open());
    if (this.#closed) throw new DriverError("closed", `${this.path} is closed`);
    this.#held = new Uint8Array(0);
    const answer = this.#answer();
    await connection.write(REQUEST);
    const octets = await answer;
    if (octets instanceof DriverError) throw octets;
    const sum = octets.subarray(1, 8).reduce((all, one) => all + one, 0);
    if (octets[0] !== 0xff || octets[1] !== 0x86 || ((sum + (octets[8] ?? 0)) & 0xff) !== 0)
      throw new DriverError("io", `The sensor on ${this.path} answered octets that are not its own`, {
        cure: "Check the wiring, and that nothing else uses the port.",
      });
    return (octets[2] ?? 0) * 256 + (octets[3] ?? 0);
  }

  async close() {
    this.#closed = true;
    this.#answered?.(new DriverError("closed", `${this.path} is closed`));
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.close();
  }

  /** The next nine octets, or why there are none. Never rejects. @returns {Promise<Uint8Array | DriverError>} */
  #answer() {
    return new Promise((resolve) => {
      const tooLong = this.ctx.timers.after(PATIENCE, () => {
        this.#answered?.(new DriverError("timeout", `The sensor on ${this.path} does not answer`));
      });
      this.#answered = (answer) => {
        tooLong();
        this.#answered = undefined;
        resolve(answer);
      };
    });
  }

  async #open() {
    const connection = await this.ctx.board.serial.open({
      path: this.path,
      baudRate: 9_600,
      dataBits: 8,
      parity: "none",
      stopBits: 1,
      onData: (octets) => {
        this.#held = Uint8Array.of(...this.#held, ...octets).subarray(-9);
        if (this.#held.length === 9) this.#answered?.(this.#held);
      },
      onClose: (cause) => {
        this.#connection = undefined;
        this.#answered?.(new DriverError("no_such_device", `${this.path} is gone: ${cause.message}`));
      },
    });
    if (this.#closed) await connection.close();
    return connection;
  }
}
