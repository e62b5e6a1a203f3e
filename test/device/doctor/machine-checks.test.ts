import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../../../device/doctor/finding.ts";
import { checkClock, checkDisk, checkKernel, checkNode, checkPower } from "../../../device/doctor/machine-checks.ts";
import { madeUpMachine, NOW } from "./made-up-machine.ts";

const THROTTLED = "/sys/devices/platform/soc/soc:firmware/get_throttled";

const told = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ level, words }) => `${level}: ${words}`);

function assertTold(findings: readonly Finding[], ...expected: readonly RegExp[]): void {
  assert.equal(findings.length, expected.length, told(findings).join("\n"));
  for (const [i, words] of expected.entries()) assert.match(told(findings)[i] ?? "", words);
  for (const { level, cure } of findings) assert.equal(level === "ok", cure === undefined, "all but ok has a cure");
}

test("node: one that is too old is an error", (t) => {
  assertTold(checkNode(madeUpMachine(t, { facts: { nodeVersion: "24.1.0" } })), /^ok: Node 24\.1\.0/);
  assertTold(
    checkNode(madeUpMachine(t, { facts: { nodeVersion: "18.19.1" } })),
    /^error: Node 18\.19\.1.*older than 20/,
  );
});

test("kernel: the model and the kernel are named", (t) => {
  const machine = madeUpMachine(t, {
    files: { "/proc/device-tree/model": "Raspberry Pi 5 Model B\0" },
    facts: { kernel: "6.12.1" },
  });
  assertTold(checkKernel(machine), /^ok: Raspberry Pi 5 Model B, kernel 6\.12\.1$/);
});

test("power: too little voltage now is an error, what was is a warning, by the firmware's word or the kernel's monitor", (t) => {
  const at = (bits: string) => checkPower(madeUpMachine(t, { files: { [THROTTLED]: `${bits}\n` } }));
  assertTold(at("0"), /^ok: supply and temperature are fine/);
  assertTold(at("50005"), /^error: the supply has too little voltage, now/, /^warning: the processor is slowed down/);
  assertTold(at("50000"), /^warning: the supply had too little voltage/, /^warning: the processor was slowed down/);
  const monitor = (alarm: string) => ({
    "/sys/class/hwmon/hwmon1/name": "rpi_volt\n",
    "/sys/class/hwmon/hwmon1/in0_lcrit_alarm": `${alarm}\n`,
  });
  assertTold(checkPower(madeUpMachine(t, { files: monitor("1") })), /^error: the supply has too little voltage$/);
  assertTold(checkPower(madeUpMachine(t, { files: monitor("0") })), /^ok: the supply has enough voltage/);
  assertTold(checkPower(madeUpMachine(t)), /^ok: the kernel tells nothing of the supply/);
});

test("clock: one that was never set is an error, one that nobody keeps right a warning", (t) => {
  assertTold(checkClock(madeUpMachine(t), true), /^ok: 2026-11-29 00:00:00 UTC, kept right/);
  assertTold(checkClock(madeUpMachine(t), false), /^warning: .*nobody keeps it right/);
  assertTold(checkClock(madeUpMachine(t, { facts: { now: 0 } }), true), /^error: it is 1970-01-01 .*TLS will fail/);
  assert.ok(NOW > 0);
});

test("disk: read-only, not writable, full, worn and damaged are told, each with its cure", (t) => {
  const mounts = "/dev/root / ext4 rw,noatime 0 0\n/dev/mmcblk0p3 /var/lib ext4 ro,noatime 0 0\n";
  const files = { "/proc/mounts": mounts, "/var/lib/pinion/x": "", "/srv/pinion/x": "" };
  const room = (free: number) => ({ mayWrite: () => true, space: () => ({ free, size: 1_000_000_000 }) });
  assertTold(
    checkDisk(madeUpMachine(t, { files, facts: room(500_000_000) }), ["/srv/pinion"]),
    /^ok: \/srv\/pinion: 476\.8 MiB of 953\.7 MiB are free/,
  );
  assertTold(
    checkDisk(madeUpMachine(t, { files, facts: room(500_000_000) }), ["/var/lib/pinion"]),
    /^error: \/var\/lib\/pinion is on \/var\/lib, which is read-only/,
  );
  assertTold(checkDisk(madeUpMachine(t, { files, facts: room(50_000_000) }), ["/srv/pinion"]), /^warning: .*are free/);
  assertTold(checkDisk(madeUpMachine(t, { files, facts: room(5_000_000) }), ["/srv/pinion"]), /^error: .*4\.8 MiB/);
  assertTold(
    checkDisk(madeUpMachine(t, { files, facts: { ...room(500_000_000), mayWrite: () => false } }), ["/srv/pinion"]),
    /^error: \/srv\/pinion cannot be written to by this user/,
  );
  const worn = {
    "/sys/fs/ext4/mmcblk0p2/errors_count": "3\n",
    "/sys/block/mmcblk0/device/life_time": "0x09 0x02\n",
    "/sys/block/mmcblk1/device/life_time": "0x01 0x01\n",
    "/sys/block/mmcblk2/device/life_time": "0x0b 0x01\n",
  };
  assertTold(
    checkDisk(madeUpMachine(t, { files: worn }), []),
    /^error: the file system on mmcblk0p2 has had 3 errors/,
    /^warning: mmcblk0 has used up to 90 %/,
    /^ok: mmcblk1 has used up to 10 %/,
    /^warning: mmcblk2 is past the life/,
  );
});
