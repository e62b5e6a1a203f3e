/** The rig's own USB devices: a serial port as microcontroller boards have it (CDC ACM), and an adapter to an I2C bus. */
import { chipsOfTheRig } from "./i2c-chips.mjs";
import { RedirectedDevice } from "./usb-redirect.mjs";

const interfaceOf = (number, endpoints, [kind, sub, protocol]) => [9, 4, number, 0, endpoints, kind, sub, protocol, 0];
const endpointOf = (address, kind, size, interval) => [7, 5, address, kind, size, 0, interval];

/** An Arduino Uno by its numbers. Echoes what it gets; notes what it is told of speed, modem lines and breaks. */
export class AcmDevice {
  ids = { vendor: 0x2341, product: 0x0043 };
  deviceClass = 2;
  strings = ["Pinion", "ACM", "ACM0001"];
  interfaces = [
    [2, 2, 1],
    [10, 0, 0],
  ];
  endpoints = [
    [0x82, "interrupt", 0, 8],
    [0x81, "bulk", 1, 64],
    [0x01, "bulk", 1, 64],
  ];
  configuration = Buffer.from([
    ...interfaceOf(0, 1, this.interfaces[0]),
    5,
    0x24,
    0,
    0x10,
    1,
    5,
    0x24,
    1,
    0,
    1,
    4,
    0x24,
    2,
    6,
    5,
    0x24,
    6,
    0,
    1,
    ...endpointOf(0x82, 3, 8, 10),
    ...interfaceOf(1, 2, this.interfaces[1]),
    ...endpointOf(0x81, 2, 64, 0),
    ...endpointOf(0x01, 2, 64, 0),
  ]);
  told = { baud: 0, lines: 0, breaks: 0 };
  #coding = Buffer.from([0x80, 0x25, 0, 0, 0, 0, 8]);
  #port;

  plug(socket) {
    this.#port = new RedirectedDevice(socket, this);
  }

  send(data) {
    this.#port.push(0x81, data);
  }

  out(data) {
    this.send(data);
  }

  control({ request, value, data }) {
    if (request === 0x20) {
      this.#coding = Buffer.from(data);
      this.told.baud = data.readUInt32LE(0);
      return data;
    }
    if (request === 0x21) return this.#coding;
    if (request === 0x22) this.told.lines = value;
    if (request === 0x23 && value > 0) this.told.breaks += 1;
    return request === 0x22 || request === 0x23 ? data : undefined;
  }
}

/** The functions that the adapter tells of: plain I2C, and all of SMBus that can be made of it. */
const FUNCTIONS = 0x0eff_0001;
const IDLE = 0;
const ACKNOWLEDGED = 1;
const REFUSED = 2;

/** An i2c-tiny-usb with chips on its bus: Map of address to { write(octets), read(length) }. */
export class I2cAdapter {
  ids = { vendor: 0x1c40, product: 0x0534 };
  deviceClass = 0xff;
  strings = ["Pinion", "i2c-tiny-usb", "I2C0001"];
  interfaces = [[0xff, 0, 0]];
  endpoints = [];
  configuration = Buffer.from(interfaceOf(0, 0, this.interfaces[0]));
  #chips;
  #status = IDLE;

  constructor(chips) {
    this.#chips = chips;
  }

  plug(socket) {
    return new RedirectedDevice(socket, this);
  }

  out() {}

  control({ request, value, index, length, data }) {
    if (request === 1) {
      const told = Buffer.alloc(4);
      told.writeUInt32LE(FUNCTIONS);
      return told;
    }
    if (request === 2) return data;
    if (request === 3) return Buffer.from([this.#status]);
    if (request < 4 || request > 7) return undefined;
    const chip = this.#chips.get(index);
    this.#status = chip === undefined || chip.absent ? REFUSED : ACKNOWLEDGED;
    if (this.#status === REFUSED) return (value & 1) === 1 ? Buffer.alloc(length) : data;
    if ((value & 1) === 1) return chip.read(length);
    chip.write(data);
    return data;
  }
}

/** What `rigctl plug` knows, and what `rigctl set` can change in it. */
export function pluggableDevices() {
  const acm = new AcmDevice();
  const { chips, thermometer } = chipsOfTheRig();
  return {
    acm: {
      driver: "usb-redir",
      device: acm,
      help: "send HEX | told",
      set: (what, hex = "") => {
        if (what === "send") acm.send(Buffer.from(hex, "hex"));
        return JSON.stringify(acm.told);
      },
    },
    i2c: {
      driver: "usb-redir",
      device: new I2cAdapter(chips),
      help: "ADDRESS REGISTER HEX | ADDRESS absent|present | thermometer SIXTEENTHS|absent|present|noisy|clean",
      set: (what, register, hex) => {
        const chip = what === "thermometer" ? thermometer : chips.get(Number(what));
        if (register === "absent" || register === "present") chip.absent = register === "absent";
        else if (register === "noisy" || register === "clean") chip.noisy = register === "noisy";
        else if (chip === thermometer) thermometer.sixteenths = Number(register);
        else chip.set(Number(register), Buffer.from(hex, "hex"));
      },
    },
    keyboard: { driver: "usb-kbd" },
  };
}
