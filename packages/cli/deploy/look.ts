/** The first look at a board, as the user who logs in: what it is, and whether Pinion can run there. Changes nothing. */
import { CommandFailure, ExitStatus } from "../exit-status.ts";
import { FACT, type Facts, readFacts } from "./facts.ts";
import type { SshBoard } from "./ssh.ts";

const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const LOOK = `${FACT}
export ${PATH} LC_ALL=C
fact uid "$(id -u)"
fact user "$(id -un)"
fact system "$(sed -n 's/^PRETTY_NAME="\\{0,1\\}\\([^"]*\\)"\\{0,1\\}$/\\1/p' /etc/os-release 2>/dev/null)"
fact machine "$(uname -m)"
fact bits "$(getconf LONG_BIT 2>/dev/null)"
fact libc "$(getconf GNU_LIBC_VERSION 2>/dev/null)"
[ ! -d /run/systemd/system ] || fact systemd yes
! grep -qE 'boot=overlay|overlayroot=' /proc/cmdline || fact overlay yes
fact name "$(cat /etc/hostname 2>/dev/null)"
if command -v dpkg >/dev/null; then
  fact debian "$(dpkg --print-architecture)"
  fact dpkg "$(dpkg-query -W -f '\${Version}' dpkg)"
  fact nodejs "$(dpkg-query -W -f '\${Version}' nodejs 2>/dev/null)"
  fact package "$(dpkg-query -W -f '\${Version} \${Status}' pinion 2>/dev/null)"
  fact content "$(cd /var/lib/dpkg/info && cat pinion.md5sums pinion.postinst pinion.prerm pinion.postrm 2>/dev/null | sha256sum | cut -d ' ' -f 1)"
else
  fact nodejs "$(node --version 2>/dev/null | sed 's/^v//')"
  version=$(cat /usr/lib/pinion/package/version 2>/dev/null) && fact package "$version install ok installed"
  fact content "$(cat /usr/lib/pinion/package/content 2>/dev/null)"
  for tool in getent groupadd useradd usermod runuser flock install tar gzip find mktemp; do
    command -v $tool >/dev/null || fact lacks $tool
  done
  sha256sum --version >/dev/null 2>&1 || fact lacks "sha256sum of coreutils"
fi
if command -v sudo >/dev/null; then
  if words=$(sudo -n true 2>&1); then fact sudo free; else fact sudo "$(echo "$words" | tail -n 1)"; fi
fi
fact end yes
`;

export interface Look {
  readonly facts: Facts;
  /** As Debian calls the processor that its programs are for. */
  readonly architecture: string;
  /** Whether packages are installed by it. */
  readonly hasDpkg: boolean;
}

/** @throws CommandFailure for a board that Pinion cannot run on */
export async function lookAtBoard(board: SshBoard): Promise<Look> {
  const { stdout, stderr } = await board.run("exec sh -s", { input: [Buffer.from(LOOK)] });
  const facts = readFacts(stdout);
  if (facts.one("end") === "")
    throw refused(`${board.name} did not answer as a shell does: ${(stderr || stdout).trim().slice(-300)}`);
  const fault = faultOf(facts);
  if (fault !== undefined) throw refused(`${board.name}: ${fault}. Nothing was changed`);
  return { facts, architecture: architectureOf(facts), hasDpkg: facts.one("debian") !== "" };
}

/** Of the programs, not of the kernel: a 64-bit kernel may run a system of 32 bits. */
function architectureOf(facts: Facts): string {
  const debian = facts.one("debian");
  if (debian !== "") return debian;
  const machine = facts.one("machine");
  if (machine === "x86_64") return facts.one("bits") === "64" ? "amd64" : "i386";
  if (/^(aarch64|armv8)/.test(machine)) return facts.one("bits") === "64" ? "arm64" : "armhf";
  return machine.startsWith("armv7") ? "armhf" : machine;
}

function faultOf(facts: Facts): string | undefined {
  const architecture = architectureOf(facts);
  const machine = facts.one("machine");
  const system = facts.one("system") || "its system";
  if (machine.startsWith("armv6"))
    return `its processor is ${machine} (Raspberry Pi 1, Zero, Zero W): Pinion needs ARMv7 or 64 bits, from the Raspberry Pi 2 and Zero 2 W on`;
  if (!["arm64", "armhf", "amd64"].includes(architecture))
    return `its programs are ${architecture} (${machine}, ${facts.one("bits")} bits), and there is Pinion for arm64, armhf and amd64`;
  if (facts.one("systemd") === "")
    return `${system} does not run systemd, which Pinion's service needs: take a Raspberry Pi OS or Debian, or run the archive of \`npm run build\` by hand`;
  const libc = /^glibc (\d+)\.(\d+)/.exec(facts.one("libc"));
  if (libc === null || Number(libc[1]) * 1000 + Number(libc[2]) < 2034)
    return `${system} has ${facts.one("libc") || "no glibc"}, and glibc 2.34 is needed: Debian 12, Raspberry Pi OS of 2023, or newer`;
  const lacks = facts.all("lacks");
  if (lacks.length > 0)
    return `${system} has no dpkg, and lacks what takes its place, ${lacks.join(", ")}: install shadow, util-linux, coreutils, tar, gzip and findutils, or run the archive of \`npm run build\` by hand`;
  if (facts.one("overlay") !== "")
    return "its root is an overlay in memory, so what is installed would be gone at its next start: sudo raspi-config nonint disable_overlayfs, start it anew, run this again";
  return undefined;
}

function refused(words: string): CommandFailure {
  return new CommandFailure(ExitStatus.usage, words);
}
