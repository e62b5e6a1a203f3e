/** The partition table of a card's image (MBR), as Raspberry Pi OS has one. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { CommandFailure, ExitStatus } from "../exit-status.ts";

const SECTOR = 512;
const FAT_TYPES = new Set([0x01, 0x04, 0x06, 0x0b, 0x0c, 0x0e]);
const GPT = 0xee;
/** First octets of what images are packed as. */
const PACKED: readonly (readonly [string, string])[] = [
  ["fd377a58", "xz -dk"],
  ["1f8b", "gunzip -k"],
  ["504b0304", "unzip"],
  ["28b52ffd", "zstd -dk"],
];

/** Octets from the image's begin to its FAT boot partition. @throws CommandFailure when it has none that is whole */
export function bootPartitionOffset(image: string): number {
  const { head, size } = readHead(image);
  const packed = PACKED.find(([magic]) => head.toString("hex").startsWith(magic));
  if (packed !== undefined) throw refused(image, `it is packed: unpack it first, with ${packed[1]} ${image}`);
  if (head.length < SECTOR || head.readUInt16LE(510) !== 0xaa55) throw refused(image, "it has no partition table");
  const partitions = [0, 1, 2, 3].map((i) => {
    const at = 446 + 16 * i;
    const start = head.readUInt32LE(at + 8) * SECTOR;
    return { type: head.readUInt8(at + 4), start, end: start + head.readUInt32LE(at + 12) * SECTOR };
  });
  if (partitions.some(({ type }) => type === GPT))
    throw refused(image, "it has a GPT partition table, and Raspberry Pi OS comes with an MBR");
  const used = partitions.filter(({ type }) => type !== 0);
  const [boot] = used;
  if (boot === undefined || !FAT_TYPES.has(boot.type)) throw refused(image, "its first partition is not FAT");
  const last = Math.max(...used.map(({ end }) => end));
  if (last > size)
    throw refused(
      image,
      `it is cut short: its partitions end at ${String(last)} octets, and it has ${String(size)}. Fetch it again`,
    );
  return boot.start;
}

function readHead(image: string): { head: Buffer; size: number } {
  let descriptor: number;
  try {
    descriptor = openSync(image, "r+");
  } catch (error) {
    throw refused(image, error instanceof Error ? error.message : String(error));
  }
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile())
      throw refused(image, "it is no file. A card is prepared through its mounted boot partition: --boot <folder>");
    const head = Buffer.alloc(SECTOR);
    const got = readSync(descriptor, head, 0, SECTOR, 0);
    return { head: head.subarray(0, got), size: stat.size };
  } finally {
    closeSync(descriptor);
  }
}

function refused(image: string, why: string): CommandFailure {
  return new CommandFailure(ExitStatus.usage, `--image ${image}: ${why}. Nothing was written`);
}
