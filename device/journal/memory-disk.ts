import type { Disk } from "./disk.ts";

/** Where nothing may be written: files in memory, which end with the process. */
export function memoryDisk(): Disk {
  const files = new Map<string, Uint8Array[]>();
  return {
    list: () => Promise.resolve([...files.keys()]),
    async read(name) {
      const chunks = files.get(name);
      if (chunks === undefined) throw new Error(`${name} does not exist`);
      return Promise.resolve(Uint8Array.from(Buffer.concat(chunks)));
    },
    async create(name) {
      if (files.has(name)) throw new Error(`${name} exists`);
      const chunks: Uint8Array[] = [];
      files.set(name, chunks);
      return Promise.resolve({
        append: (octets) => Promise.resolve(void chunks.push(octets)),
        sync: () => Promise.resolve(),
        close: () => Promise.resolve(),
      });
    },
    remove: (name) => Promise.resolve(void files.delete(name)),
  };
}
