/* oxlint-disable complexity -- the commands of one protocol (NBD), in one place. */
// A disk for QEMU, served over the NBD protocol from a Unix socket, that behaves
// as an SD card or SSD with a volatile write cache: a write is answered at once
// but kept in memory; only a flush (or a forced-unit-access write) moves it to
// the image file. A power cut keeps a random part of the unflushed sectors, in
// no order, and loses the rest.
import { createServer } from "node:net";
import { openSync, readSync, writeSync, rmSync } from "node:fs";

const SECTOR = 512;
const FLAGS = 1 | 4 | 8 | 64; // has flags, flush, fua, write zeroes
const [READ, WRITE, DISCONNECT, FLUSH, WRITE_ZEROES] = [0, 1, 2, 3, 6];
const FUA = 1;
const EIO = 5;

export class VolatileDisk {
  constructor(image, size, seed) {
    this.fd = openSync(image, "r+");
    this.size = size;
    this.state = seed >>> 0;
    this.cache = new Map(); // sector number -> Buffer, not flushed yet
    this.errors = "none";
    this.slow = 0;
    this.volatile = true;
    this.counts = { read: 0, write: 0, flush: 0 };
  }

  // mulberry32: small, and the same sequence for the same seed.
  random() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  fault(what, value) {
    if (what === "errors" && ["none", "read", "write", "flush"].includes(value)) this.errors = value;
    else if (what === "slow" && value >= 0) this.slow = Number(value);
    else if (what === "cache" && ["on", "off"].includes(value)) {
      this.volatile = value === "on";
      this.flush();
    } else if (what === "stats") return JSON.stringify({ ...this.counts, dirty: this.cache.size });
    else throw new Error("disk errors none|read|write|flush, disk slow MS, disk cache on|off, or disk stats");
    return "";
  }

  read(offset, length) {
    const data = Buffer.alloc(length);
    readSync(this.fd, data, 0, length, offset);
    for (let at = 0; at < length; at += SECTOR) {
      const dirty = this.cache.get((offset + at) / SECTOR);
      if (dirty) dirty.copy(data, at);
    }
    return data;
  }

  write(offset, data) {
    for (let at = 0; at < data.length; at += SECTOR)
      this.cache.set((offset + at) / SECTOR, Buffer.from(data.subarray(at, at + SECTOR)));
    if (!this.volatile) this.flush(offset / SECTOR, (offset + data.length) / SECTOR);
  }

  flush(from = 0, to = Infinity) {
    for (const [sector, data] of this.cache) {
      if (sector < from || sector >= to) continue;
      writeSync(this.fd, data, 0, data.length, sector * SECTOR);
      this.cache.delete(sector);
    }
  }

  powerCut() {
    this.lost = true; // nothing from this connection counts any more
    const dirty = this.cache.size;
    const keep = this.random(); // some cuts keep nearly all, some nearly nothing
    let kept = 0;
    for (const [sector, data] of this.cache) {
      if (this.random() >= keep) continue;
      writeSync(this.fd, data, 0, data.length, sector * SECTOR);
      kept += 1;
    }
    this.cache.clear();
    return `${dirty} sectors were not flushed, ${kept} of them survived`;
  }

  listen(path) {
    rmSync(path, { force: true });
    createServer((socket) => void this.serve(socket)).listen(path);
  }

  async serve(socket) {
    this.lost = false;
    socket.on("error", () => {});
    const bytes = reader(socket);
    try {
      if (await this.negotiate(socket, bytes)) await this.transmit(socket, bytes);
    } catch (error) {
      if (error !== closed) throw error;
    }
    socket.destroy();
  }

  async negotiate(socket, bytes) {
    const hello = Buffer.alloc(18);
    hello.write("NBDMAGICIHAVEOPT", 0, "latin1");
    hello.writeUInt16BE(1 | 2, 16); // fixed newstyle, no zeroes
    socket.write(hello);
    await bytes(4);
    for (;;) {
      const head = await bytes(16);
      const option = head.readUInt32BE(8);
      await bytes(head.readUInt32BE(12));
      const reply = (type, data = Buffer.alloc(0)) => {
        const out = Buffer.alloc(20);
        out.writeBigUInt64BE(0x3e889045565a9n, 0);
        out.writeUInt32BE(option, 8);
        out.writeUInt32BE(type >>> 0, 12);
        out.writeUInt32BE(data.length, 16);
        socket.write(Buffer.concat([out, data]));
      };
      if (option === 2) {
        reply(1);
        return false;
      } // abort
      if (option === 6 || option === 7) {
        // info, go
        const info = Buffer.alloc(12);
        info.writeBigUInt64BE(BigInt(this.size), 2);
        info.writeUInt16BE(FLAGS, 10);
        reply(3, info);
        const block = Buffer.alloc(14);
        block.writeUInt16BE(3, 0);
        block.writeUInt32BE(SECTOR, 2);
        block.writeUInt32BE(4096, 6);
        block.writeUInt32BE(1 << 25, 10);
        reply(3, block);
        reply(1);
        if (option === 7) return true;
      } else {
        reply(0x80000001); // not supported
      }
    }
  }

  async transmit(socket, bytes) {
    for (;;) {
      const head = await bytes(28);
      const [flags, type] = [head.readUInt16BE(4), head.readUInt16BE(6)];
      const offset = Number(head.readBigUInt64BE(16));
      const length = head.readUInt32BE(24);
      const data = type === WRITE ? await bytes(length) : null;
      if (type === DISCONNECT) {
        this.flush();
        return;
      }
      if (this.slow && type !== READ)
        await new Promise((resolve) => {
          setTimeout(resolve, this.slow);
        });
      if (this.lost) return;
      const out = Buffer.alloc(16);
      out.writeUInt32BE(0x67446698, 0);
      head.copy(out, 8, 8, 16);
      let read = null;
      if (type === READ) {
        this.counts.read += 1;
        if (this.errors === "read") out.writeUInt32BE(EIO, 4);
        else read = this.read(offset, length);
      } else if (type === WRITE || type === WRITE_ZEROES) {
        this.counts.write += 1;
        if (this.errors === "write") out.writeUInt32BE(EIO, 4);
        else this.write(offset, data ?? Buffer.alloc(length));
        if (flags & FUA) this.flush(offset / SECTOR, (offset + length) / SECTOR);
      } else if (type === FLUSH) {
        this.counts.flush += 1;
        if (this.errors === "flush") out.writeUInt32BE(EIO, 4);
        else this.flush();
      } else {
        out.writeUInt32BE(22, 4);
      }
      socket.write(read ? Buffer.concat([out, read]) : out);
    }
  }
}

const closed = new Error("the connection closed");

// A function that resolves to the next N bytes of a socket.
function reader(socket) {
  let chunks = [];
  let have = 0;
  let want = null;
  const serve = () => {
    if (!want || have < want.length) return;
    const all = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
    const { length, resolve } = want;
    want = null;
    chunks = [all.subarray(length)];
    have = all.length - length;
    resolve(all.subarray(0, length));
  };
  socket.on("data", (chunk) => {
    chunks.push(chunk);
    have += chunk.length;
    serve();
  });
  socket.on("close", () => want?.reject(closed));
  return (length) =>
    new Promise((resolve, reject) => {
      if (socket.destroyed && have < length) {
        reject(closed);
        return;
      }
      want = { length, resolve, reject };
      serve();
    });
}
