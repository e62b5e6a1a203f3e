/** What is found on a board, and a configuration that reads it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Hardware {
  /** Labels of GPIO chips, with their numbers of lines. */
  readonly chips: readonly string[];
  /** Paths below /dev/serial/by-id. */
  readonly ports: readonly string[];
  /** Numbers of I2C buses. */
  readonly buses: readonly string[];
  readonly thermometers: readonly string[];
  /** The name, or the directory where several have it, and a channel that is there. */
  readonly iio: readonly (readonly [device: string, channel: string])[];
  readonly hwmon: readonly (readonly [chip: string, input: string])[];
}

/** Reads names only; `root` is "/" but in tests. */
export function findHardware(root: string): Hardware {
  const list = (folder: string): readonly string[] => {
    try {
      return readdirSync(join(root, folder)).toSorted();
    } catch {
      return []; // a board without it
    }
  };
  const text = (file: string): string => {
    try {
      return readFileSync(join(root, file), "utf8").trim();
    } catch {
      return "";
    }
  };
  const found = (folder: string, pattern: RegExp): (readonly [string, string])[] => {
    const names = list(folder).map((device) => [device, text(`${folder}/${device}/name`)] as const);
    // numbers change from boot to boot, so the name is better where only one has it
    const isGood = (name: string): boolean =>
      /^[\w.-]{1,64}$/.test(name) && names.filter(([, other]) => other === name).length === 1;
    return names.flatMap(([device, name]) => {
      // a channel may have both, a raw number and a computed one
      const channels = new Set(list(`${folder}/${device}`).flatMap((file) => pattern.exec(file)?.[1] ?? []));
      return [...channels].map((channel) => [isGood(name) ? name : device, channel] as const);
    });
  };
  const numbers = list("dev").flatMap((name) => /^i2c-(\d+)$/.exec(name)?.[1] ?? []);
  const chips = list("sys/class/gpio").filter((name) => name.startsWith("gpiochip"));
  return {
    chips: chips.map((chip) =>
      plain(`${text(`sys/class/gpio/${chip}/label`)}: ${text(`sys/class/gpio/${chip}/ngpio`)} lines`),
    ),
    ports: list("dev/serial/by-id").map((name) => plain(`/dev/serial/by-id/${name}`)),
    buses: numbers,
    thermometers: list("sys/bus/w1/devices").filter((name) => /^28-[0-9a-f]{12}$/.test(name)),
    iio: found("sys/bus/iio/devices", /^in_([a-z][a-z0-9_-]{0,62}?)_(?:input|raw)$/),
    hwmon: found("sys/class/hwmon", /^((?:temp|in|curr|power|fan|humidity)\d+)_input$/),
  };
}

/** A device says its name itself: it must not break out of its line. */
function plain(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 200);
}

const quoted = (text: string): string => JSON.stringify(text);

export function configFor(hardware: Hardware, schema: string): string {
  const { chips, ports, buses, thermometers, iio, hwmon } = hardware;
  return `# yaml-language-server: $schema=./${schema}
# A board. \`pinion-device --check --config <this file>\` says what it amounts to, and every problem with its line.
device: {}
  # id: pump_house            # names the board in every reading; left out: the host's name
router:
  url: rs://127.0.0.1:8080
drivers:
  - use: system               # load, memory, disk, uptime of the board itself
${section(
  "w1",
  thermometers.map((id, i) => `thermometer_${String(i + 1)}: { id: ${quoted(id)} }`),
)}${section(
    "iio",
    iio.map(([device, channel], i) => `iio_${String(i + 1)}: { device: ${quoted(device)}, channel: ${channel} }`),
  )}${section(
    "hwmon",
    hwmon.map(([chip, input], i) => `hwmon_${String(i + 1)}: { chip: ${quoted(chip)}, input: ${input} }`),
  )}
  # Pins: nothing is switched unless it is named here.
  # GPIO chips found: ${chips.join("; ") || "none"}
  # - use: gpio
  #   pins:
  #     pump: { pin: GPIO17, direction: out, safe: 0 }
  #     door: { pin: header 13, direction: in, debounce: 20ms }

  # Serial ports, by names that stay when they are plugged in elsewhere.
  # found: ${ports.join(" ") || "none"}
  # - use: serial
  #   ports:
  #     meter: { path: ${quoted(ports[0] ?? "/dev/serial/by-id/usb-...")}, baudRate: 9600, framing: { delimiter: "\\n" } }

  # I2C buses found: ${buses.join(", ") || "none"}
  # - use: i2c
  #   bus: ${buses[0] ?? "1"}
  #   devices: { eeprom: { address: 0x50 } }
`;
}

function section(driver: string, sensors: readonly string[]): string {
  if (sensors.length === 0) return `  # - use: ${driver}                 # none found\n`;
  return `  - use: ${driver}\n    sensors:\n${sensors.map((line) => `      ${line}\n`).join("")}`;
}
