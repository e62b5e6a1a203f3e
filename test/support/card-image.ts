/** A made-up image with the layout of Raspberry Pi OS: MBR, FAT32 boot partition, ext4 root. */
import { spawnSync } from "node:child_process";
import { closeSync, ftruncateSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { temporaryFolder } from "./programs.ts";

const SECTOR = 512;
const BOOT = { start: 16_384, sectors: 200_000 };
const ROOT = { start: BOOT.start + BOOT.sectors, sectors: 32_768 };
/** Octets from the image's begin to its boot partition. */
const BOOT_OFFSET = BOOT.start * SECTOR;

export type Flavour = "cloud-init" | "firstrun";

const USER_DATA = `#cloud-config

# This is the user-data of an image
#hostname: raspberrypi
ssh_pwauth: false

#runcmd:
#- [ ls, -l, / ]
`;
const CMDLINE =
  "console=serial0,115200 console=tty1 root=PARTUUID=4e639091-02 rootfstype=ext4 fsck.repair=yes rootwait quiet init=/usr/lib/raspberrypi-sys-mods/firstboot\n";

/** What a freshly written boot partition has, as far as it matters. */
export function bootFiles(flavour: Flavour): Readonly<Record<string, string>> {
  const kernels = { "kernel8.img": "kernel", "kernel_2712.img": "kernel" };
  const cloud = { "user-data": USER_DATA, "meta-data": "dsmode: local\ninstance_id: rpios-image\n" };
  return {
    "config.txt": "arm_64bit=1\n",
    "cmdline.txt": CMDLINE,
    "start4.elf": "firmware",
    ...kernels,
    ...(flavour === "cloud-init" ? cloud : {}),
  };
}

export function whyNoMtools(): string | false {
  return spawnSync("mformat", ["--version"]).error === undefined ? false : "needs mtools (npm test installs it)";
}

export function makeImage(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder(t);
  const image = join(folder, "raspios.img");
  const descriptor = openSync(image, "w");
  ftruncateSync(descriptor, (ROOT.start + ROOT.sectors) * SECTOR);
  writeSync(descriptor, partitionTable(), 0, SECTOR, 0);
  closeSync(descriptor);
  run("mformat", ["-i", `${image}@@${String(BOOT_OFFSET)}`, "-F", "-T", String(BOOT.sectors), "-v", "BOOTFS", "::"]);
  const offset = `offset=${String(ROOT.start * SECTOR)}`;
  run("mke2fs", ["-q", "-t", "ext4", "-E", offset, "-L", "rootfs", image, `${String(ROOT.sectors / 2)}k`]);
  for (const [name, content] of Object.entries(files)) {
    const file = join(folder, name);
    writeFileSync(file, content);
    run("mcopy", ["-i", `${image}@@${String(BOOT_OFFSET)}`, file, `::/${name}`]);
  }
  return image;
}

/** Undefined where it is not there. */
export function readFromImage(image: string, path: string): string | undefined {
  const done = spawnSync("mtype", ["-i", `${image}@@${String(BOOT_OFFSET)}`, `::/${path}`], {
    maxBuffer: 64 * 1_048_576,
    encoding: "latin1",
  });
  return done.status === 0 ? done.stdout : undefined;
}

function partitionTable(): Buffer {
  const table = Buffer.alloc(SECTOR);
  for (const [i, { type, start, sectors }] of [
    { type: 0x0c, ...BOOT },
    { type: 0x83, ...ROOT },
  ].entries()) {
    table.writeUInt8(type, 446 + 16 * i + 4);
    table.writeUInt32LE(start, 446 + 16 * i + 8);
    table.writeUInt32LE(sectors, 446 + 16 * i + 12);
  }
  table.writeUInt16LE(0xaa55, 510);
  return table;
}

function run(command: string, args: readonly string[]): void {
  const path = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;
  const done = spawnSync(command, args, {
    encoding: "utf8",
    env: { ...process.env, PATH: path, MTOOLSRC: "/dev/null", MTOOLS_SKIP_CHECK: "1" },
  });
  if (done.status !== 0) throw new Error(`${command}: ${String(done.error ?? done.stderr)}`);
}
