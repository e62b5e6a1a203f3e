/**
 * Lets plain sockets receive into one buffer of the whole process, instead of into new memory for each read: half of what a
 * small message costs the collector. Node does this for sockets that it opens (`net.connect`, option `onread`), by means of
 * fields that accepted sockets have too, but nothing sets. They are set here where they are found; else, and with TLS, the
 * socket goes on with `data`, and only the speed differs. Owns the buffer and the knowledge of these fields.
 */
import { Socket } from "node:net";

/** As much as Node reads at a time. */
const SIZE = 64 * 1024;
const FIELDS = ["kBuffer", "kBufferCb", "kBufferGen"] as const;

export interface SharedReceiver {
  /** In memory that the next read of any socket overwrites. */
  onShared(chunk: Uint8Array): void;
}

interface Handle {
  useUserBuffer(buffer: Uint8Array): void;
}

let fields: readonly symbol[] | undefined;
let buffer: Uint8Array | undefined;

/**
 * From now on what the socket receives is handed to `receiver`. What its stream holds already comes as `data` still, as it is
 * resumed. False if this socket cannot do so.
 */
export function receiveShared(socket: Socket, receiver: SharedReceiver): boolean {
  const handle = handleOf(socket);
  const [kBuffer, kCallback] = (fields ??= findFields());
  if (handle === undefined || kBuffer === undefined || kCallback === undefined) return false;
  const shared = (buffer ??= new Uint8Array(SIZE));
  handle.useUserBuffer(shared);
  // A further property of its own, instead of a closure, would make a socket one of those objects that are kept as hash tables.
  const take = (count: number): boolean => {
    receiver.onShared(new Uint8Array(shared.buffer, 0, count));
    // reading is stopped and started by pause and resume alone
    return true;
  };
  Object.assign(socket, { [kBuffer]: shared, [kCallback]: take });
  return true;
}

/** None if one of them is missing: then Node does it in another way. */
function findFields(): readonly symbol[] {
  const symbols = Object.getOwnPropertySymbols(new Socket());
  const found = FIELDS.map((name) => symbols.find(({ description }) => description === name));
  return found.every((symbol) => symbol !== undefined) ? found : [];
}

function handleOf(socket: Socket): Handle | undefined {
  if ("encrypted" in socket || !("_handle" in socket)) return undefined;
  const { _handle: handle } = socket;
  if (typeof handle !== "object" || handle === null || !("useUserBuffer" in handle)) return undefined;
  return typeof handle.useUserBuffer === "function" ? (handle as Handle) : undefined; // looked at just now
}
