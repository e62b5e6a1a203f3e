/**
 * A board behind ssh: a root of its own laid over this machine's, in namespaces of its own, with the real systemd as its first
 * process, the real sshd on a free port of loopback, sudo and dpkg. Its disk outlives a power cut. Ended by its own pid.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, until } from "./programs.ts";

const SYSTEMD = "/lib/systemd/systemd";
export const PASSWORD = "correct horse";

export function whyNoSshBoard(): string | false {
  if (process.getuid?.() !== 0) return "a root of its own needs root";
  const missing = [SYSTEMD, "/usr/sbin/sshd", "/usr/bin/ssh", "/usr/bin/sudo", "/usr/bin/dpkg"].find(
    (one) => !existsSync(one),
  );
  return missing === undefined ? false : `needs ${missing} (npm test installs it)`;
}

export interface SshBoard {
  /** The folder of the person at the desk: their ssh configuration, keys and known hosts, which name the board `board`. */
  readonly desk: string;
  readonly port: number;
  /** A file of the board, as seen from here. */
  file(path: string): string;
  /** Shell words as root inside; what they print. */
  inside(script: string): string;
  boot(): Promise<void>;
  /** Every process of it is gone, without a word. */
  cutPower(): Promise<void>;
  end(): Promise<void>;
}

/** The root, once: what is written goes to memory. */
const KEEP = `
mount -t tmpfs -o size=1500m tmpfs "$1"; cd "$1"; mkdir upper work root
mount -t overlay overlay -o lowerdir=/,upperdir="$1/upper",workdir="$1/work" root
echo kept; exec sleep infinity`;

/** One start of it. */
const BOOT = `
cd "$1/root"; mount --bind . .; cd "$1/root"
mount -t tmpfs tmpfs dev
for one in null zero full random urandom tty; do touch dev/$one; mount --bind /dev/$one dev/$one; done
ln -s /proc/self/fd dev/fd; mkdir dev/pts dev/shm; mount -t devpts devpts dev/pts -o newinstance,ptmxmode=0666; ln -s pts/ptmx dev/ptmx
mount -t proc proc proc; mount -t sysfs -o ro sysfs sys; mount -t tmpfs tmpfs run; mount -t tmpfs tmpfs tmp
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then mount -t cgroup2 cgroup2 sys/fs/cgroup
else mount -t tmpfs tmpfs sys/fs/cgroup; mkdir sys/fs/cgroup/systemd; mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd; fi
touch usr/local/sbin/node; mount --bind "$2" usr/local/sbin/node
mkdir -p old; pivot_root . old; umount -l /old
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin ${SYSTEMD} --system --log-target=null --show-status=no`;

/** What a freshly installed system has: a user who may use sudo, ssh, and nothing else that starts. */
const PREPARE = `set -e
rm -rf /etc/systemd/system/*.wants /etc/systemd/system/default.target /etc/pinion /var/lib/pinion*
systemd-machine-id-setup >/dev/null 2>&1
getent passwd pi >/dev/null || useradd -m -s /bin/bash pi
echo 'pi:${PASSWORD}' | chpasswd
install -d -o pi -g pi -m 700 /home/pi/.ssh
install -o pi -g pi -m 600 /board/id.pub /home/pi/.ssh/authorized_keys
install -d -m 700 /root/.ssh; install -m 600 /board/id.pub /root/.ssh/authorized_keys
echo board >/etc/hostname; grep -q '^127.0.1.1' /etc/hosts || printf '127.0.1.1\\tboard\\n' >>/etc/hosts
echo 'pi ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/pi
mkdir -p /etc/systemd/system/multi-user.target.wants /run/sshd
cp /board/sshd.service /etc/systemd/system/board-sshd.service
ln -s ../board-sshd.service /etc/systemd/system/multi-user.target.wants/
ln -s /lib/systemd/system/multi-user.target /etc/systemd/system/default.target`;

export async function startSshBoard(): Promise<SshBoard> {
  const folder = mkdtempSync(join(tmpdir(), "pinion-board-"));
  const [place, desk] = [join(folder, "disk"), join(folder, "desk")];
  mkdirSync(place);
  mkdirSync(desk, { mode: 0o700 });
  let machine: ChildProcess | undefined;
  const keeper = spawn("unshare", ["-m", "--propagation", "private", "sh", "-ec", KEEP, "sh", place]);
  await once(keeper.stdout, "data");
  // a test that fails on its way leaves nothing behind
  unreferenced(keeper);
  process.once("exit", () => {
    killFirst(machine);
    keeper.kill("SIGKILL");
  });
  const file = (path: string): string => `/proc/${String(keeper.pid)}/root${place}/root${path}`;
  const port = await freePort();
  writeDesk(desk, file("/board"), port);
  must("nsenter", ["-t", String(keeper.pid), "-m", "chroot", join(place, "root"), "sh", "-c", PREPARE]);
  const boot = async (): Promise<void> => {
    const spaces = ["-m", "-p", "-f", "-C", "-u", "-i", "--kill-child", "--propagation", "private"];
    const own = ["unshare", ...spaces, "sh", "-ec", BOOT, "sh", place, process.execPath];
    machine = spawn("nsenter", ["-t", String(keeper.pid), "-m", ...own], { stdio: ["ignore", "pipe", "pipe"] });
    unreferenced(machine);
    let text = "";
    for (const stream of [machine.stdout, machine.stderr])
      stream?.on("data", (chunk: Buffer) => void (text += String(chunk)));
    await until(
      "the board's sshd",
      () => answers(port),
      60_000,
      () => text,
    );
  };
  const cutPower = async (): Promise<void> => {
    if (machine === undefined || machine.exitCode !== null || machine.signalCode !== null) return;
    killFirst(machine);
    await until("its end", () => machine?.exitCode !== null || machine.signalCode !== null);
    await until("the end of its sshd", async () => !(await answers(port)));
  };
  await boot();
  return {
    desk,
    port,
    file,
    boot,
    cutPower,
    inside: (script) =>
      must("nsenter", ["-t", firstProcess(machine), "-m", "-p", "-u", "-i", "-r", "sh", "-c", script]),
    end: async () => {
      await cutPower();
      keeper.kill("SIGKILL");
      await until("its root's end", () => keeper.signalCode !== null);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** With it goes every process of its space. */
function killFirst(machine: ChildProcess | undefined): void {
  if (machine === undefined || machine.exitCode !== null || machine.signalCode !== null) return;
  process.kill(Number(firstProcess(machine)), "SIGKILL");
}

/** Nobody waits for it at the end of the process. */
function unreferenced(child: ChildProcess): void {
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) if (stream instanceof Socket) stream.unref();
}

/** systemd: the child of `unshare`, which `nsenter` has become. */
function firstProcess(machine: ChildProcess | undefined): string {
  const pid = String(machine?.pid);
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
}

function must(command: string, args: readonly string[]): string {
  const done = spawnSync(command, args, { encoding: "utf8" });
  if (done.status !== 0) throw new Error(`${command} ${args.join(" ")}\n${done.stdout}${done.stderr}`);
  return done.stdout;
}

/** Keys of both sides, and the configurations of both ends. */
function writeDesk(desk: string, board: string, port: number): void {
  mkdirSync(board, { recursive: true });
  must("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(desk, "id")]);
  must("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(board, "host_key")]);
  writeFileSync(join(board, "id.pub"), readFileSync(join(desk, "id.pub")));
  const hostKey = readFileSync(join(board, "host_key.pub"), "utf8");
  writeFileSync(join(desk, "known_hosts"), `[127.0.0.1]:${String(port)} ${hostKey}`);
  writeFileSync(
    join(board, "sshd_config"),
    `ListenAddress 127.0.0.1:${String(port)}\nHostKey /board/host_key\nPidFile none\nUsePAM no\nPermitRootLogin prohibit-password\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n`,
  );
  writeFileSync(
    join(board, "sshd.service"),
    `[Service]\nExecStartPre=/bin/mkdir -p /run/sshd\nExecStart=/usr/sbin/sshd -D -f /board/sshd_config\nKillMode=process\n`,
  );
  writeFileSync(
    join(desk, "config"),
    `Host board\n  HostName 127.0.0.1\n  Port ${String(port)}\n  User pi\n  IdentityFile ${join(desk, "id")}\nHost *\n  IdentitiesOnly yes\n  IdentityAgent none\n  UserKnownHostsFile ${join(desk, "known_hosts")}\n  GlobalKnownHostsFile /dev/null\n  StrictHostKeyChecking yes\n`,
  );
  // the client finds its user's configuration by the accounts of the machine, whatever HOME says
  mkdirSync(join(desk, "bin"));
  writeFileSync(join(desk, "bin/ssh"), `#!/bin/sh\nexec /usr/bin/ssh -F ${join(desk, "config")} "$@"\n`);
  chmodSync(join(desk, "bin/ssh"), 0o755);
}

/** Whether somebody speaks ssh there. */
async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    const [first] = (await once(socket, "data")) as [Buffer]; // of a socket without an encoding
    return first.toString().startsWith("SSH-");
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
