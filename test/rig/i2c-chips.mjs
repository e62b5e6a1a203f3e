/** Chips for the rig's I2C bus, as far as the kernel's drivers look: registers, and a bridge to 1-Wire with a thermometer on it. */

/** One pointer, set by the first octet written; what is read or written counts it up. */
export class RegisterChip {
  absent = false;
  #pointer = 0;
  #octets = Buffer.alloc(256);

  set(register, octets) {
    Buffer.from(octets).copy(this.#octets, register);
  }

  write([pointer, ...octets]) {
    if (pointer === undefined) return;
    this.#pointer = pointer;
    for (const octet of octets) this.#octets[this.#pointer++ & 0xff] = octet;
  }

  read(length) {
    return Buffer.from(Array.from({ length }, () => this.#octets[this.#pointer++ & 0xff]));
  }
}

/** Registers of two octets each, the pointer stays: LM75 and its like. */
export class WordRegisterChip {
  absent = false;
  #pointer = 0;
  #registers = new Map();

  set(register, octets) {
    this.#registers.set(register, Buffer.from(octets));
  }

  write([pointer, ...octets]) {
    if (pointer === undefined) return;
    this.#pointer = pointer;
    if (octets.length > 0) this.#registers.set(pointer, Buffer.from(octets));
  }

  read(length) {
    return Buffer.concat([this.#registers.get(this.#pointer) ?? Buffer.alloc(0), Buffer.alloc(length)]).subarray(
      0,
      length,
    );
  }
}

/** Dallas CRC-8, as 1-Wire has it. */
export function crc8(octets) {
  let sum = 0;
  for (const octet of octets) {
    sum ^= octet;
    for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? (sum >> 1) ^ 0x8c : sum >> 1;
  }
  return sum;
}

/** A DS18B20 on a bus of its own: it is searched, addressed, converts at once, and tells its scratchpad. */
export class Thermometer {
  absent = false;
  /** Spoils the check sum of what it tells. */
  noisy = false;
  sixteenths = 0x0550;
  id = Buffer.from([0x28, 0x16, 0xa2, 0x79, 0x4b, 0xff, 0x03]);
  #rom = Buffer.concat([this.id, Buffer.from([crc8(this.id)])]);
  #state = "idle";
  #at = 0;
  #answer = Buffer.alloc(0);

  /** Answers whether somebody is there. */
  reset() {
    this.#state = this.absent ? "deaf" : "command";
    return !this.absent;
  }

  writeByte(octet) {
    if (this.#state === "command") {
      this.#at = 0;
      if (octet === 0x55) this.#state = "matching";
      else if (octet === 0xf0) this.#state = "searching";
      else if (octet === 0x33) this.#say(this.#rom);
      else this.#state = octet === 0xcc ? "function" : "deaf";
    } else if (this.#state === "matching") {
      if (octet !== this.#rom[this.#at++]) this.#state = "deaf";
      else if (this.#at === 8) this.#state = "function";
    } else if (this.#state === "function") this.#function(octet);
  }

  readByte() {
    if (this.#state !== "telling") return 0xff;
    return this.#answer[this.#at++] ?? 0xff;
  }

  /** The bit and its complement as the search has them, and which way it goes on. */
  triplet(wanted) {
    if (this.#state !== "searching") return { bit: 1, complement: 1, taken: wanted };
    const bit = (this.#rom[this.#at >> 3] >> (this.#at & 7)) & 1;
    this.#at += 1;
    return { bit, complement: 1 - bit, taken: bit };
  }

  #function(octet) {
    if (octet === 0xbe) {
      const pad = Buffer.from([
        this.sixteenths & 0xff,
        (this.sixteenths >> 8) & 0xff,
        0x55,
        0x05,
        0x7f,
        0xa5,
        0xa5,
        0x66,
      ]);
      this.#say(Buffer.concat([pad, Buffer.from([crc8(pad) ^ (this.noisy ? 0xff : 0)])]));
    } else if (octet === 0xb4) this.#say(Buffer.from([0xff]));
    else if (octet === 0x4e) this.#state = "deaf";
  }

  #say(octets) {
    this.#state = "telling";
    this.#at = 0;
    this.#answer = octets;
  }
}

const STATUS_REGISTER = 0xf0;
const DATA_REGISTER = 0xe1;
const CONFIGURATION_REGISTER = 0xc3;
const PRESENCE = 0x02;
const DEVICE_RESET = 0x10;
const SINGLE_BIT = 0x20;
const COMPLEMENT = 0x40;
const DIRECTION = 0x80;

/** A DS2482-100: I2C on one side, a 1-Wire master on the other. */
export class OneWireBridge {
  absent = false;
  #slave;
  #pointer = STATUS_REGISTER;
  #status = DEVICE_RESET;
  #data = 0;
  #configuration = 0;

  constructor(slave) {
    this.#slave = slave;
  }

  write([command, argument = 0]) {
    const reset = () => {
      this.#status = DEVICE_RESET | 0x08;
      this.#configuration = 0;
      this.#pointer = STATUS_REGISTER;
    };
    const wire = (run) => {
      this.#status = 0x08;
      this.#pointer = STATUS_REGISTER;
      run();
    };
    const commands = {
      0xf0: reset,
      0xe1: () => (this.#pointer = argument),
      0xd2: () => {
        this.#configuration = argument & 0x0f;
        this.#pointer = CONFIGURATION_REGISTER;
      },
      0xb4: () => wire(() => (this.#status |= this.#slave.reset() ? PRESENCE : 0)),
      0xa5: () => wire(() => this.#slave.writeByte(argument)),
      0x96: () => wire(() => (this.#data = this.#slave.readByte())),
      0x78: () => wire(() => this.#triplet(argument >> 7)),
      // one bit: idle bus reads high, which means that a conversion is over
      0x87: () => wire(() => (this.#status |= argument >> 7 ? SINGLE_BIT : 0)),
    };
    commands[command]?.();
  }

  read(length) {
    const registers = {
      [STATUS_REGISTER]: this.#status,
      [DATA_REGISTER]: this.#data,
      [CONFIGURATION_REGISTER]: this.#configuration,
    };
    return Buffer.alloc(length, registers[this.#pointer] ?? 0);
  }

  #triplet(wanted) {
    const { bit, complement, taken } = this.#slave.triplet(wanted);
    this.#status |= (bit ? SINGLE_BIT : 0) | (complement ? COMPLEMENT : 0) | (taken ? DIRECTION : 0);
  }
}

/** The bus that the rig has: an LM75, a BMP280, a memory of 256 octets, and a thermometer behind a bridge. */
export function chipsOfTheRig() {
  const thermometer = new Thermometer();
  const memory = new RegisterChip();
  const lm75 = new WordRegisterChip();
  lm75.set(0, [0x19, 0x80]);
  lm75.set(1, [0]);
  const bmp280 = new RegisterChip();
  bmp280.set(0xd0, [0x58]);
  // calibration and raw temperature of the data sheet's example (BMP280, 8.1): 25.08 °C
  bmp280.set(0x88, [0x70, 0x6b, 0x43, 0x67, 0x18, 0xfc]);
  bmp280.set(0xfa, [0x7e, 0xed, 0x00]);
  const chips = new Map([
    [0x18, new OneWireBridge(thermometer)],
    [0x48, lm75],
    [0x50, memory],
    [0x76, bmp280],
  ]);
  return { chips, thermometer };
}
