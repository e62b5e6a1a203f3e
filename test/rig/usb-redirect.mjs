/**
 * A USB device in software, plugged into the board through QEMU's usb-redir: the far side of the usbredir protocol (version 0.7) on
 * one socket. Owns the protocol's packets and the transfers that wait; what the device does with them is the device's affair.
 *
 * A device is { ids: { vendor, product }, deviceClass, interfaces, endpoints, configuration, strings, control(request), out(octets) }.
 */

const TYPE = {
  hello: 0,
  connect: 1,
  disconnect: 2,
  reset: 3,
  interfaces: 4,
  endpoints: 5,
  setConfiguration: 6,
  getConfiguration: 7,
  configurationStatus: 8,
  setAlternate: 9,
  getAlternate: 10,
  alternateStatus: 11,
  startInterrupt: 15,
  stopInterrupt: 16,
  interruptStatus: 17,
  cancel: 21,
  control: 100,
  bulk: 101,
  interrupt: 103,
};
const STATUS = { done: 0, canceled: 1, stall: 4 };
const FULL_SPEED = 1;
/** connect_device_version, ep_info_max_packet_size, 64bits_ids, 32bits_bulk_length: xHCI wants the last three. */
const CAPABILITIES = (1 << 1) | (1 << 4) | (1 << 5) | (1 << 6);
const BULK_HEADER = 10;
const KINDS = { control: 0, bulk: 2, interrupt: 3, none: 255 };

const slot = (endpoint) => ((endpoint & 0x80) >> 3) | (endpoint & 0x0f);

export class RedirectedDevice {
  #socket;
  #device;
  #rest = Buffer.alloc(0);
  /** Ids have 64 bits once both sides have said hello. */
  #header = 12;
  /** Transfers towards the host that wait for data, by endpoint: { id, length }. */
  #reads = new Map();
  /** What the host has not fetched yet, by endpoint. */
  #unread = new Map();

  constructor(socket, device) {
    this.#socket = socket;
    this.#device = device;
    socket.on("error", () => {});
    socket.on("data", (data) => this.#take(data));
    const hello = Buffer.alloc(68);
    hello.write("pinion rig", 0, "latin1");
    hello.writeUInt32LE(CAPABILITIES, 64);
    this.#send(TYPE.hello, 0, hello);
  }

  /** Octets that the host reads from a bulk endpoint. */
  push(endpoint, data) {
    this.#unread.set(endpoint, Buffer.concat([this.#unread.get(endpoint) ?? Buffer.alloc(0), data]));
    this.#serve(endpoint);
  }

  #take(data) {
    this.#rest = Buffer.concat([this.#rest, data]);
    while (this.#rest.length >= this.#header) {
      const end = this.#header + this.#rest.readUInt32LE(4);
      if (this.#rest.length < end) return;
      const packet = { type: this.#rest.readUInt32LE(0), id: this.#rest.readUInt32LE(8) };
      const body = Buffer.from(this.#rest.subarray(this.#header, end));
      this.#rest = this.#rest.subarray(end);
      this.#header = 16;
      this.#packet(packet, body);
    }
  }

  #packet({ type, id }, body) {
    const answers = {
      [TYPE.hello]: () => this.#connect(),
      [TYPE.reset]: () => this.#reads.clear(),
      [TYPE.setConfiguration]: () => this.#send(TYPE.configurationStatus, id, Buffer.from([STATUS.done, body[0]])),
      [TYPE.getConfiguration]: () => this.#send(TYPE.configurationStatus, id, Buffer.from([STATUS.done, 1])),
      [TYPE.setAlternate]: () => this.#send(TYPE.alternateStatus, id, Buffer.from([STATUS.done, body[0], body[1]])),
      [TYPE.getAlternate]: () => this.#send(TYPE.alternateStatus, id, Buffer.from([STATUS.done, body[0], 0])),
      [TYPE.startInterrupt]: () => this.#send(TYPE.interruptStatus, id, Buffer.from([STATUS.done, body[0]])),
      [TYPE.stopInterrupt]: () => this.#send(TYPE.interruptStatus, id, Buffer.from([STATUS.done, body[0]])),
      [TYPE.cancel]: () => this.#cancel(id),
      [TYPE.control]: () => this.#control(id, body),
      [TYPE.bulk]: () => this.#bulk(id, body),
    };
    answers[type]?.();
  }

  #connect() {
    const { ids, endpoints, interfaces, deviceClass } = this.#device;
    const told = Buffer.alloc(32 * 5, 0);
    told.fill(KINDS.none, 0, 32);
    for (const [endpoint, kind, owner, size] of [[0x00, "control", 0, 64], [0x80, "control", 0, 64], ...endpoints]) {
      const at = slot(endpoint);
      told[at] = KINDS[kind];
      told[32 + at] = kind === "interrupt" ? 10 : 0;
      told[64 + at] = owner;
      told.writeUInt16LE(size, 96 + 2 * at);
    }
    this.#send(TYPE.endpoints, 0, told);
    const shapes = Buffer.alloc(4 + 32 * 4);
    shapes.writeUInt32LE(interfaces.length, 0);
    for (const [index, shape] of interfaces.entries()) {
      shapes[4 + index] = index;
      for (const [part, value] of shape.entries()) shapes[4 + 32 * (part + 1) + index] = value;
    }
    this.#send(TYPE.interfaces, 0, shapes);
    const connect = Buffer.alloc(10);
    connect[0] = FULL_SPEED;
    connect[1] = deviceClass;
    connect.writeUInt16LE(ids.vendor, 4);
    connect.writeUInt16LE(ids.product, 6);
    connect.writeUInt16LE(0x0100, 8);
    this.#send(TYPE.connect, 0, connect);
  }

  #control(id, body) {
    const request = {
      request: body[1],
      type: body[2],
      value: body.readUInt16LE(4),
      index: body.readUInt16LE(6),
      length: body.readUInt16LE(8),
      data: body.subarray(10),
    };
    const isRead = (request.type & 0x80) !== 0;
    const answer = standard(this.#device, request) ?? this.#device.control(request);
    const data = isRead ? (answer ?? Buffer.alloc(0)).subarray(0, request.length) : Buffer.alloc(0);
    const head = Buffer.from(body.subarray(0, 10));
    head[3] = answer === undefined ? STATUS.stall : STATUS.done;
    head.writeUInt16LE(isRead ? data.length : request.length, 8);
    this.#send(TYPE.control, id, Buffer.concat([head, data]));
  }

  #bulk(id, body) {
    const endpoint = body[0];
    const length = body.readUInt16LE(2);
    if ((endpoint & 0x80) === 0) {
      this.#answerBulk({ id, endpoint, length });
      this.#device.out(body.subarray(BULK_HEADER));
      return;
    }
    this.#reads.set(endpoint, [...(this.#reads.get(endpoint) ?? []), { id, length }]);
    this.#serve(endpoint);
  }

  #serve(endpoint) {
    const unread = this.#unread.get(endpoint) ?? Buffer.alloc(0);
    const [read, ...others] = this.#reads.get(endpoint) ?? [];
    if (read === undefined || unread.length === 0) return;
    const data = unread.subarray(0, read.length);
    this.#unread.set(endpoint, unread.subarray(data.length));
    this.#reads.set(endpoint, others);
    this.#answerBulk({ id: read.id, endpoint, length: data.length }, data);
    this.#serve(endpoint);
  }

  #cancel(id) {
    for (const [endpoint, reads] of this.#reads) {
      if (!reads.some((read) => read.id === id)) continue;
      this.#reads.set(
        endpoint,
        reads.filter((read) => read.id !== id),
      );
      this.#answerBulk({ id, endpoint, status: STATUS.canceled, length: 0 });
    }
  }

  #answerBulk({ id, endpoint, status = STATUS.done, length }, data = Buffer.alloc(0)) {
    const head = Buffer.alloc(BULK_HEADER);
    head[0] = endpoint;
    head[1] = status;
    head.writeUInt16LE(length, 2);
    this.#send(TYPE.bulk, id, Buffer.concat([head, data]));
  }

  #send(type, id, body) {
    const head = Buffer.alloc(type === TYPE.hello ? 12 : 16);
    head.writeUInt32LE(type, 0);
    head.writeUInt32LE(body.length, 4);
    head.writeUInt32LE(id, 8);
    this.#socket.write(Buffer.concat([head, body]));
  }
}

/** What every device answers (USB 2.0, chapter 9). */
function standard(device, { type, request, value }) {
  if ((type & 0x60) !== 0) return undefined;
  if (request === 6) return descriptor(device, value >> 8, value & 0xff);
  if (request === 0) return Buffer.from([0, 0]);
  return Buffer.alloc(0);
}

function descriptor({ ids, deviceClass, interfaces, configuration, strings }, kind, index) {
  if (kind === 1) {
    const octets = Buffer.from([18, 1, 0, 2, deviceClass, 0, 0, 64, 0, 0, 0, 0, 0, 1, 1, 2, 3, 1]);
    octets.writeUInt16LE(ids.vendor, 8);
    octets.writeUInt16LE(ids.product, 10);
    return octets;
  }
  if (kind === 2) {
    const head = Buffer.from([9, 2, 0, 0, interfaces.length, 1, 0, 0x80, 50]);
    head.writeUInt16LE(head.length + configuration.length, 2);
    return Buffer.concat([head, configuration]);
  }
  if (kind !== 3) return undefined;
  if (index === 0) return Buffer.from([4, 3, 9, 4]);
  const text = Buffer.from(strings[index - 1] ?? "", "utf16le");
  return Buffer.concat([Buffer.from([text.length + 2, 3]), text]);
}
