/**
 * The kernel's side of GPIO's character device, played in memory: reads and answers the very octets that the back-end
 * packs, so that a wrong offset or flag shows. Owns chips, lines and descriptors; the virtual board tells whether it is right.
 */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { KernelCalls } from "../../drivers/hardware/kernel-calls.ts";

export interface FakeLine {
  name: string;
  consumer: string;
  flags: bigint;
  electrical: 0 | 1;
  debounceMicros: number;
  /** Levels it was driven to, electrical, in order. */
  readonly driven: number[];
}

interface FakeChip {
  readonly label: string;
  readonly lines: readonly FakeLine[];
}

interface Descriptor {
  readonly chip: FakeChip;
  readonly line?: FakeLine;
  events: Buffer[];
  ready?: () => void;
  seq: number;
}

const failure = (code: string): Error => Object.assign(new Error(code), { code });
const has = (flags: bigint, bit: number): boolean => (flags & (1n << BigInt(bit))) !== 0n;

export class FakeGpioKernel {
  readonly devices: string;
  readonly sysfs: string;
  readonly chips = new Map<string, FakeChip>();
  readonly descriptors = new Map<number, Descriptor>();
  refusal: string | undefined;
  gone = false;
  #next = 10;

  constructor(t: TestContext) {
    const root = mkdtempSync(join(tmpdir(), "pinion-gpiochip-"));
    t.after(() => rmSync(root, { recursive: true }));
    this.devices = join(root, "dev");
    this.sysfs = join(root, "sys");
    mkdirSync(this.devices);
    mkdirSync(this.sysfs);
    writeFileSync(join(this.sysfs, "unexport"), "");
  }

  addChip(name: string, label: string, names: readonly string[], base?: number): void {
    writeFileSync(join(this.devices, name), "");
    const lines = names.map((one): FakeLine => ({
      name: one,
      consumer: "",
      flags: 0n,
      electrical: 0,
      debounceMicros: 0,
      driven: [],
    }));
    this.chips.set(join(this.devices, name), { label, lines });
    if (base === undefined) return;
    const dir = join(this.sysfs, `gpiochip${String(base)}`);
    mkdirSync(dir);
    for (const [file, value] of Object.entries({ label, base, ngpio: names.length }))
      writeFileSync(join(dir, file), String(value));
  }

  link(name: string, target: string): void {
    symlinkSync(target, join(this.devices, name));
  }

  line(label: string, offset: number): FakeLine {
    const line = [...this.chips.values()].find((chip) => chip.label === label)?.lines[offset];
    if (line === undefined) throw new Error(`no line ${label}:${String(offset)}`);
    return line;
  }

  /** Moves an input; `lost` edges before it are dropped by the kernel, but counted. */
  move(line: FakeLine, electrical: 0 | 1, lost = 0): void {
    line.electrical = electrical;
    for (const one of this.descriptors.values()) {
      if (one.line !== line) continue;
      const rising = (electrical === 1) !== has(line.flags, 1);
      one.seq += 1 + lost;
      if (!has(line.flags, rising ? 4 : 5)) continue;
      const event = Buffer.alloc(48);
      event.writeBigUInt64LE(5_000_000n, 0);
      event.writeUInt32LE(rising ? 1 : 2, 8);
      event.writeUInt32LE(one.seq, 20);
      one.events.push(event);
      one.ready?.();
    }
  }

  /** The chip goes: whoever watches is woken, and every access fails. */
  vanish(): void {
    this.gone = true;
    for (const one of this.descriptors.values()) one.ready?.();
  }

  readonly calls: KernelCalls = {
    open: (path) => {
      if (this.refusal !== undefined) throw failure(this.refusal);
      const chip = this.chips.get(path);
      if (chip === undefined || this.gone) throw failure("ENODEV");
      return this.#add({ chip, events: [], seq: 0 });
    },
    close: (fd) => {
      const one = this.descriptors.get(fd);
      if (one === undefined) throw failure("EBADF");
      this.descriptors.delete(fd);
      if (one.line) Object.assign(one.line, { consumer: "", flags: has(one.line.flags, 3) ? 8n : 0n });
    },
    ioctl: (fd, request, octets) => this.#ioctl(this.#at(fd), request, octets),
    nonBlocking: () => undefined,
    read: (fd, octets) => {
      const one = this.#at(fd);
      if (one.events.length === 0) throw failure("EAGAIN");
      const all = Buffer.concat(one.events);
      one.events = [];
      return all.copy(octets);
    },
    watch: (fd, ready) => {
      const one = this.#at(fd);
      one.ready = ready;
      return () => void delete one.ready;
    },
    mono: () => 7_000_000n,
  };

  #add(one: Descriptor): number {
    this.#next += 1;
    this.descriptors.set(this.#next, one);
    return this.#next;
  }

  #at(fd: number): Descriptor {
    const one = this.descriptors.get(fd);
    if (one === undefined) throw failure("EBADF");
    if (this.gone) throw failure("ENODEV");
    return one;
  }

  #ioctl({ chip, line }: Descriptor, request: number, octets: Buffer): void {
    // The size of the structure is part of the request's number.
    if (((request >> 16) & 0x3fff) !== octets.length) throw failure("EFAULT");
    switch (request & 0xff) {
      case 0x01:
        octets.write(chip.label, 32);
        octets.writeUInt32LE(chip.lines.length, 64);
        return;
      case 0x05:
        return this.#info(chip.lines[octets.readUInt32LE(64)], octets);
      case 0x07:
        return this.#take(chip, octets);
      case 0x0d:
        return line && configure(line, octets);
      case 0x0e:
        return void octets.writeBigUInt64LE(BigInt(logical(line)), 0);
      case 0x0f:
        return line && drive(line, Number(octets.readBigUInt64LE(0)));
      default:
        throw failure("ENOTTY");
    }
  }

  #info(line: FakeLine | undefined, octets: Buffer): void {
    if (line === undefined) throw failure("EINVAL");
    octets.write(line.name, 0);
    octets.write(line.consumer, 32);
    octets.writeBigUInt64LE(line.flags | (line.consumer === "" ? 0n : 1n), 72);
  }

  #take(chip: FakeChip, octets: Buffer): void {
    const line = chip.lines[octets.readUInt32LE(0)];
    if (line === undefined || octets.readUInt32LE(560) !== 1) throw failure("EINVAL");
    if (line.consumer !== "") throw failure("EBUSY");
    line.consumer = octets.toString("latin1", 256, 288).replaceAll("\0", "");
    configure(line, octets.subarray(288, 560));
    octets.writeInt32LE(this.#add({ chip, line, events: [], seq: 0 }), 588);
  }
}

const logical = (line: FakeLine | undefined): number =>
  line === undefined ? 0 : has(line.flags, 1) ? 1 - line.electrical : line.electrical;

function drive(line: FakeLine, value: number): void {
  if (!has(line.flags, 3)) throw failure("EPERM");
  line.electrical = (has(line.flags, 1) ? 1 - value : value) === 1 ? 1 : 0;
  line.driven.push(line.electrical);
}

function configure(line: FakeLine, octets: Buffer): void {
  const flags = octets.readBigUInt64LE(0);
  line.flags = has(flags, 2) || has(flags, 3) ? flags : line.flags | flags;
  line.debounceMicros = 0;
  for (let index = 0; index < octets.readUInt32LE(8); index += 1) {
    const at = 32 + index * 24;
    if (octets.readBigUInt64LE(at + 16) !== 1n) throw failure("EINVAL");
    if (octets.readUInt32LE(at) === 2) drive(line, Number(octets.readBigUInt64LE(at + 8)));
    if (octets.readUInt32LE(at) === 3) line.debounceMicros = octets.readUInt32LE(at + 8);
  }
}
