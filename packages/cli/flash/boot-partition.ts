/** The FAT partition that a Raspberry Pi starts from, wherever it lies. Paths are relative to it, with '/' between. */
import { CommandFailure, ExitStatus } from "../exit-status.ts";

export interface BootPartition {
  /** For people. */
  readonly words: string;
  /** What lies in a folder of it, without folders; none where there is no such folder. */
  names(folder: string): readonly string[];
  /** Undefined where there is no such file. */
  read(path: string): Buffer | undefined;
  /** Whole or not at all, and on the medium when it returns. Makes the folder. */
  write(path: string, content: Buffer): void;
  /** Also when it is not there. */
  remove(path: string): void;
  freeOctets(): number;
}

/** What a freshly written card has, and what it says of the system on it. */
export interface CardSystem {
  /** As Debian calls the processor. */
  readonly architecture: "arm64" | "armhf";
  /** What runs something at the first start. */
  readonly firstBoot: "cloud-init" | "firstrun";
  readonly cmdline: string;
}

/** @throws CommandFailure for anything but the boot partition of a Raspberry Pi OS */
export function readCardSystem(partition: BootPartition): CardSystem {
  const names = new Set(partition.names("").map((name) => name.toLowerCase()));
  const missing = ["config.txt", "cmdline.txt"].filter((name) => !names.has(name));
  if (missing.length > 0)
    throw wrong(partition, `${missing.join(" and ")} ${missing.length > 1 ? "are" : "is"} not there`);
  const cmdline = partition.read("cmdline.txt")?.toString("utf8").trim() ?? "";
  if (!/(^|\s)root=\S+/.test(cmdline)) throw wrong(partition, "its cmdline.txt names no root=");
  if (cmdline.includes("\n")) throw wrong(partition, "its cmdline.txt has more than one line");
  // a 32-bit system brings the kernels of all boards, a 64-bit one only those of 64 bits
  const architecture = names.has("kernel7.img") || names.has("kernel7l.img") ? "armhf" : "arm64";
  if (architecture === "arm64" && !names.has("kernel8.img") && !names.has("kernel_2712.img"))
    throw wrong(partition, "it holds neither kernel8.img nor kernel7.img");
  const hasCloudInit = names.has("user-data") || names.has("meta-data");
  return { architecture, firstBoot: hasCloudInit ? "cloud-init" : "firstrun", cmdline };
}

function wrong({ words }: BootPartition, why: string): CommandFailure {
  return new CommandFailure(
    ExitStatus.usage,
    `${words} is no boot partition of a Raspberry Pi OS: ${why}. Nothing was written`,
  );
}
