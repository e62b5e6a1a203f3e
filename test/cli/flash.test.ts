/** `pinion flash` as a process, on made-up images and folders. What happens at the board's first start: test/system/first-boot.test.ts. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { parse } from "yaml";
import { checkHostname } from "../../packages/cli/provision/hostname.ts";
import { bootFiles, makeImage, readFromImage, whyNoMtools } from "../support/card-image.ts";
import { temporaryFolder } from "../support/programs.ts";
import { emptyPackage } from "../support/small-package.ts";

const cli = join(import.meta.dirname, "../../packages/cli/bin.mjs");
const CONFIG = `device: { id: greenhouse }
router:
  url: rs://10.0.0.1:8080
  auth: { authid: greenhouse, secretFile: /etc/pinion/greenhouse.secret }
drivers:
  - use: gpio
    pins: { pump: { pin: GPIO17, direction: out, safe: 0 } }
`;
const KEY = `ssh-ed25519 ${Buffer.concat([field("ssh-ed25519"), field("x".repeat(32))]).toString("base64")} me@desk\n`;

function field(text: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, Buffer.from(text)]);
}

interface Desk {
  readonly folder: string;
  /** A boot partition, as a folder. */
  readonly boot: string;
  readonly flash: (...args: readonly string[]) => { status: number | null; stdout: string; stderr: string };
}

/** A user's folder: configuration, secret, package, key. */
function desk(t: TestContext, flavour: "cloud-init" | "firstrun" = "cloud-init"): Desk {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "board.yaml"), CONFIG);
  writeFileSync(join(folder, "greenhouse.secret"), "open sesame\n", { mode: 0o600 });
  writeFileSync(join(folder, "id.pub"), KEY);
  emptyPackage(join(folder, "pinion.deb"), "linux-arm64", { node: true });
  const boot = join(folder, "bootfs");
  mkdirSync(boot);
  for (const [name, content] of Object.entries(bootFiles(flavour))) writeFileSync(join(boot, name), content);
  const flash = (...args: readonly string[]): ReturnType<Desk["flash"]> =>
    spawnSync(process.execPath, [cli, "flash", "--package", "pinion.deb", ...args], { cwd: folder, encoding: "utf8" });
  return { folder, boot, flash };
}

function contents(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  return new Map(
    files.map(({ parentPath, name }) => [join(parentPath, name), readFileSync(join(parentPath, name), "latin1")]),
  );
}

/** Nothing was written, and the words say what is wrong. */
function refuses({ boot, flash }: Desk, args: readonly string[], words: RegExp): void {
  const earlier = contents(boot);
  const { status, stderr } = flash(...args);
  assert.equal(status, 2, stderr);
  assert.match(stderr, words);
  assert.deepEqual(contents(boot), earlier);
}

test("on a card with cloud-init a run adds its files and one command, and leaves what else is written", (t) => {
  const { boot, folder, flash } = desk(t);
  const done = flash("--boot", "bootfs", "--hostname", "greenhouse-1", "--ssh-key", "id.pub");
  assert.equal(done.status, 0, done.stderr);
  assert.deepEqual(readdirSync(join(boot, "pinion")).toSorted(), [
    "authorized_keys",
    "etc",
    "etc.sums",
    "first-boot.sh",
    "hostname",
    "package.deb",
    "package.sums",
  ]);
  assert.equal(readFileSync(join(boot, "pinion/etc/greenhouse.secret"), "utf8"), "open sesame\n");
  assert.equal(readFileSync(join(boot, "pinion/etc/board.yaml"), "utf8"), CONFIG);
  assert.equal(readFileSync(join(boot, "pinion/authorized_keys"), "utf8"), KEY);
  for (const sums of ["etc.sums", "package.sums"])
    assert.equal(spawnSync("sha256sum", ["-c", sums], { cwd: join(boot, "pinion") }).status, 0);
  const userData = readFileSync(join(boot, "user-data"), "utf8");
  assert.ok(userData.startsWith("#cloud-config\n"));
  const meant = parse(userData) as Record<string, unknown>; // a mapping, as the next lines prove
  assert.equal(meant["hostname"], "greenhouse-1");
  assert.equal(meant["ssh_pwauth"], false);
  assert.match(JSON.stringify(meant["runcmd"]), /^\[\["sh","-c",".*pinion\/first-boot\.sh.*"\]\]$/);
  assert.match(JSON.stringify(meant["bootcmd"]), /^\[\["sh","-c",".*pinion\/first-boot\.sh.* come-again"\]\]$/);
  assert.match(readFileSync(join(boot, "meta-data"), "utf8"), /^dsmode: local\ninstance-id: pinion-[0-9a-f]{16}\n$/);
  assert.equal(readFileSync(join(boot, "cmdline.txt"), "utf8"), bootFiles("cloud-init")["cmdline.txt"]);
  assert.match(done.stdout, /pump = GPIO17 = header 11/);
  assert.equal(readdirSync(folder).length, 5);
});

test("a second run changes nothing, and one with another configuration takes the first one's secrets away", (t) => {
  const { boot, folder, flash } = desk(t);
  flash("--boot", "bootfs", "--hostname", "greenhouse-1");
  const first = contents(boot);
  const again = flash("--boot", "bootfs", "--hostname", "greenhouse-1");
  assert.match(again.stderr, /all of it is there already/);
  assert.deepEqual(contents(boot), first);
  writeFileSync(join(folder, "board.yaml"), "device: { id: shed }\n");
  const other = flash("--boot", "bootfs");
  assert.equal(other.status, 0, other.stderr);
  assert.match(other.stdout, /removed +pinion\/etc\/greenhouse\.secret/);
  assert.deepEqual(readdirSync(join(boot, "pinion/etc")), ["board.yaml"]);
  assert.ok(!existsSync(join(boot, "pinion/hostname")));
  assert.ok(!readFileSync(join(boot, "user-data"), "utf8").includes("hostname: greenhouse-1"));
  const id = (at: Map<string, string>): string | undefined => at.get(join(boot, "meta-data"));
  assert.notEqual(id(contents(boot)), id(first), "cloud-init would not look at it again");
});

test("on a card without cloud-init the kernel's command line has systemd run firstrun.sh, in one line", (t) => {
  const { boot, flash } = desk(t, "firstrun");
  const done = flash("--boot", "bootfs");
  assert.equal(done.status, 0, done.stderr);
  const hook =
    " systemd.run=/boot/firmware/firstrun.sh systemd.run_success_action=reboot systemd.unit=kernel-command-line.target";
  const cmdline = bootFiles("firstrun")["cmdline.txt"]?.trim() ?? "";
  assert.equal(readFileSync(join(boot, "cmdline.txt"), "utf8"), `${cmdline}${hook}\n`);
  assert.equal(spawnSync("sh", ["-n", join(boot, "firstrun.sh")]).status, 0);
  assert.match(flash("--boot", "bootfs").stderr, /all of it is there already/);
});

test("what Raspberry Pi Imager has prepared goes on: its firstrun.sh calls ours, its user-data and its commands stay", (t) => {
  const early = desk(t, "firstrun");
  const script = "#!/bin/bash\n\nset +e\necho theirs\nrm -f /boot/firstrun.sh\nexit 0\n";
  const cmdline =
    "console=tty1 root=PARTUUID=1-02 rootwait systemd.run=/boot/firstrun.sh systemd.run_success_action=reboot systemd.unit=kernel-command-line.target\n";
  writeFileSync(join(early.boot, "firstrun.sh"), script);
  writeFileSync(join(early.boot, "cmdline.txt"), cmdline);
  for (let run = 0; run < 2; run++) {
    assert.equal(early.flash("--boot", "bootfs").status, 0);
    assert.equal(readFileSync(join(early.boot, "cmdline.txt"), "utf8"), cmdline);
    const lines = readFileSync(join(early.boot, "firstrun.sh"), "utf8").split("\n");
    assert.match(lines[1] ?? "", /pinion\/first-boot\.sh/);
    assert.deepEqual([lines[0], ...lines.slice(2)].join("\n"), script);
  }
  const late = desk(t);
  writeFileSync(
    join(late.boot, "user-data"),
    "#cloud-config\nhostname: old\nruncmd:\n- [ touch, /theirs ]\nusers: [pi]\nbootcmd:\n    - echo theirs\n",
  );
  writeFileSync(join(late.boot, "cmdline.txt"), "root=PARTUUID=1-02 ds=nocloud;i=rpi-imager-17\n");
  for (let run = 0; run < 2; run++) {
    assert.equal(late.flash("--boot", "bootfs", "--hostname", "new").status, 0);
    const meant = parse(readFileSync(join(late.boot, "user-data"), "utf8")) as {
      runcmd: unknown[];
      bootcmd: unknown[];
    }; // proved below
    assert.equal(meant.bootcmd.length, 2);
    assert.equal(meant.bootcmd[1], "echo theirs");
    assert.equal(meant.runcmd.length, 2);
    assert.deepEqual(meant.runcmd[1], ["touch", "/theirs"]);
    assert.partialDeepStrictEqual(meant, { hostname: "new", users: ["pi"] });
    assert.match(readFileSync(join(late.boot, "cmdline.txt"), "utf8"), /^root=\S+ ds=nocloud;i=pinion-[0-9a-f]{16}\n$/);
  }
});

test("a dry run tells every file and writes none", (t) => {
  const { boot, flash } = desk(t);
  const earlier = contents(boot);
  const { status, stdout } = flash("--boot", "bootfs", "--dry-run");
  assert.equal(status, 0);
  for (const path of ["pinion/package.deb", "pinion/etc/board.yaml", "pinion/etc/greenhouse.secret", "user-data"])
    assert.ok(stdout.includes(path), stdout);
  assert.match(stdout, /nothing was written/);
  assert.deepEqual(contents(boot), earlier);
});

test("the same goes into an image's file, and its root partition stays as it was", { skip: whyNoMtools() }, (t) => {
  const { flash } = desk(t);
  const image = makeImage(t, bootFiles("cloud-init"));
  const rootOf = (): Buffer => readFileSync(image).subarray(-1_048_576 * 16);
  const root = rootOf();
  const done = flash("--image", image);
  assert.equal(done.status, 0, done.stderr);
  assert.equal(readFromImage(image, "pinion/etc/greenhouse.secret"), "open sesame\n");
  assert.match(readFromImage(image, "user-data") ?? "", /runcmd:\n {2}- \[ sh/);
  assert.equal(readFromImage(image, "config.txt"), "arm_64bit=1\n");
  assert.ok(root.equals(rootOf()));
  assert.match(flash("--image", image).stderr, /all of it is there already/);
});

test("an image that is packed, cut short, full or none at all is refused", { skip: whyNoMtools() }, (t) => {
  const all = desk(t);
  const image = makeImage(t, bootFiles("firstrun"));
  const file = join(all.folder, "x.img");
  const named = (content: Buffer | string): readonly string[] => {
    writeFileSync(file, content);
    return ["--image", file];
  };
  refuses(all, named(Buffer.from("fd377a585a0000", "hex")), /it is packed: unpack it first, with xz -dk/);
  refuses(all, named("hello"), /it has no partition table/);
  const head = readFileSync(image).subarray(0, 512);
  refuses(all, named(head), /it is cut short: its partitions end at \d+ octets, and it has 512/);
  const ext4 = Buffer.from(head);
  ext4.writeUInt8(0x83, 450);
  refuses(all, named(ext4), /its first partition is not FAT/);
  const gpt = Buffer.from(head);
  gpt.writeUInt8(0xee, 450);
  refuses(all, named(gpt), /GPT/);
  refuses(all, ["--image", "/dev/null"], /it is no file\. A card is prepared through its mounted boot partition/);
  refuses(all, ["--image", join(all.folder, "nowhere.img")], /ENOENT/);
  const other = makeImage(t, { "readme.txt": "a stick" });
  refuses(all, ["--image", other], /config\.txt and cmdline\.txt are not there/);
  writeFileSync(join(all.folder, "pinion.deb"), bigPackage(readFileSync(join(all.folder, "pinion.deb"))));
  refuses(all, ["--image", image], /has \d+\.\d MB free, and \d+\.\d MB are needed/);
  assert.equal(readFromImage(image, "pinion/package.deb"), undefined);
});

/** With a member more, of 110 MB. */
function bigPackage(deb: Buffer): Buffer {
  const size = 110_000_000;
  const header = `${"_more".padEnd(16)}${"0".padEnd(12)}${"0".padEnd(6)}${"0".padEnd(6)}${"100644".padEnd(8)}${String(size).padEnd(10)}\`\n`;
  return Buffer.concat([deb, Buffer.from(header), Buffer.alloc(size)]);
}

test("without mtools an image is refused by its name, and a mounted card is not", { skip: whyNoMtools() }, (t) => {
  const { folder, flash } = desk(t);
  const image = makeImage(t, bootFiles("firstrun"));
  const poor = spawnSync(process.execPath, [cli, "flash", "--image", image], {
    cwd: folder,
    encoding: "utf8",
    env: { PATH: "/nowhere" },
  });
  assert.equal(poor.status, 2);
  assert.match(poor.stderr, /install mtools/);
  assert.equal(flash("--boot", "bootfs", "--dry-run").status, 0);
});

test("a folder that is no boot partition of a Raspberry Pi OS is refused", (t) => {
  const all = desk(t);
  const { boot, folder } = all;
  refuses(all, [], /which card\? --boot <mounted boot partition>, or --image/);
  refuses(all, ["--boot", "bootfs", "--image", "x"], /cannot be used with/);
  refuses(all, ["--boot", "/"], /what this machine itself starts from/);
  refuses(all, ["--boot", "board.yaml"], /is no folder/);
  refuses(all, ["--boot", "nowhere"], /ENOENT.*Is the card mounted/);
  mkdirSync(join(folder, "empty"));
  refuses(all, ["--boot", "empty"], /config\.txt and cmdline\.txt are not there/);
  writeFileSync(join(boot, "cmdline.txt"), "console=tty1\n");
  refuses(all, ["--boot", "bootfs"], /names no root=/);
  writeFileSync(join(boot, "cmdline.txt"), "root=/dev/sda2 systemd.run=/opt/other.sh\n");
  rmSync(join(boot, "user-data"));
  rmSync(join(boot, "meta-data"));
  refuses(all, ["--boot", "bootfs"], /runs \/opt\/other\.sh at the first start already/);
  writeFileSync(join(boot, "cmdline.txt"), "root=/dev/sda2\n");
  writeFileSync(join(boot, "user-data"), "#!/bin/sh\n");
  refuses(all, ["--boot", "bootfs"], /instead of #cloud-config/);
  writeFileSync(join(boot, "user-data"), "#cloud-config\nruncmd: [ls]\n");
  refuses(all, ["--boot", "bootfs"], /not written as a list with one command a line/);
  for (const name of ["kernel8.img", "kernel_2712.img"]) rmSync(join(boot, name));
  refuses(all, ["--boot", "bootfs"], /neither kernel8\.img nor kernel7\.img/);
});

test("a configuration is checked before anything: all its problems, with their lines", (t) => {
  const all = desk(t);
  const file = join(all.folder, "board.yaml");
  writeFileSync(
    file,
    CONFIG.replace("direction: out", "direction: sideways").replace("id: greenhouse", "naming: herd"),
  );
  refuses(all, ["--boot", "bootfs"], /board\.yaml:1:.*herd[^]*board\.yaml:7:.*sideways[^]*Nothing was written/);
  writeFileSync(file, CONFIG.replace("/etc/pinion/greenhouse.secret", "greenhouse.secret"));
  refuses(
    all,
    ["--boot", "bootfs"],
    /router\.auth\.secretFile is greenhouse\.secret.*write \/etc\/pinion\/greenhouse\.secret/,
  );
  writeFileSync(file, CONFIG);
  chmodSync(join(all.folder, "greenhouse.secret"), 0o644);
  refuses(all, ["--boot", "bootfs"], /board\.yaml:4:.*open to everybody/);
  rmSync(join(all.folder, "greenhouse.secret"));
  refuses(all, ["--boot", "bootfs"], /board\.yaml:4:.*cannot be read/);
  refuses(all, ["--boot", "bootfs", "--config", "nowhere.yaml"], /nowhere\.yaml/);
});

test("a wrong name, key or package is refused by what is wrong with it", (t) => {
  const all = desk(t);
  const key = join(all.folder, "key");
  const withKey = (text: string): readonly string[] => {
    writeFileSync(key, text);
    return ["--boot", "bootfs", "--ssh-key", "key"];
  };
  for (const name of ["Green_House", "-a", "a-", "a.b", "a\nb", "", "x".repeat(64)])
    assert.throws(() => checkHostname(name), /1 to 63 of a-z, 0-9/);
  for (const name of ["a", "greenhouse-1", "x".repeat(63)]) assert.equal(checkHostname(name), name);
  refuses(all, ["--boot", "bootfs", "--hostname", "Green_House"], /"Green_House": 1 to 63 of a-z, 0-9/);
  refuses(all, withKey("-----BEGIN OPENSSH PRIVATE KEY-----\n"), /is the private key: name key\.pub/);
  refuses(all, withKey("# none\n"), /holds no key/);
  refuses(all, withKey(`${KEY}${KEY.slice(0, 60)}\n`), /key:2: no OpenSSH public key/);
  refuses(all, withKey(KEY.replace("ssh-ed25519", "ssh-rsa")), /key:1: no OpenSSH public key/);
  refuses(all, ["--boot", "bootfs", "--package", "id.pub"], /id\.pub is no package of Pinion/);
  refuses(all, ["--boot", "bootfs", "--package", "nowhere.deb"], /nowhere\.deb cannot be read/);
  emptyPackage(join(all.folder, "other.deb"), "linux-armv7", { node: true });
  refuses(all, ["--boot", "bootfs", "--package", "other.deb"], /is for armhf, and the board is arm64/);
  truncateSync(join(all.folder, "other.deb"), 100);
  refuses(all, ["--boot", "bootfs", "--package", "other.deb"], /is no package of Pinion/);
});

test("a 32-bit card takes the 32-bit package; one that brings no Node only where the card is said to have one", (t) => {
  const all = desk(t, "firstrun");
  const { boot, folder, flash } = all;
  for (const name of ["kernel7.img", "kernel7l.img"]) writeFileSync(join(boot, name), "kernel");
  emptyPackage(join(folder, "pinion.deb"), "linux-armv7", { node: false });
  refuses(
    all,
    ["--boot", "bootfs"],
    /pinion\.deb brings no Node, and a freshly written card has none: `npm run build -- --target linux-armv7 --with-node`.* --node-on-card/,
  );
  const { status, stdout } = flash("--boot", "bootfs", "--node-on-card", "--dry-run");
  assert.equal(status, 0);
  assert.match(stdout, /armhf, first start by firstrun\.sh/);
});
