/** The first start without cloud-init: systemd runs firstrun.sh because the kernel's command line says so. */
import { CommandFailure, ExitStatus } from "../exit-status.ts";

const HOOK =
  " systemd.run=/boot/firmware/firstrun.sh systemd.run_success_action=reboot systemd.unit=kernel-command-line.target";
const SCRIPT = '"$(dirname "$0")/pinion/first-boot.sh"';
const CALL = `sh ${SCRIPT} before-reboot # by pinion flash`;
/** The hook goes while the card is as it was written, and after a unit is there that starts the rest again. */
const OWN = `#!/bin/sh
# by pinion flash: runs once, and takes itself away
cmdline="$(dirname "$0")/cmdline.txt"
# blanks over the hook, in place: a new file could be half there when power goes, and the board would not start at all
unhook() {
  sed 's|${HOOK}|${" ".repeat(HOOK.length)}|' "$cmdline" >/run/cmdline.txt
  [ "$(wc -c </run/cmdline.txt)" != "$(wc -c <"$cmdline")" ] || dd if=/run/cmdline.txt of="$cmdline" conv=notrunc,fsync 2>/dev/null
  sync; sync "$cmdline"
}
sh ${SCRIPT} come-again
unhook
${CALL}
# without the file systemd could not run what the kernel's command line names, and would switch the board off
! grep -q systemd.run= "$cmdline" || unhook
grep -q systemd.run= "$cmdline" || rm -f "$0"
sync; sync "$(dirname "$0")"
exit 0
`;

/** One that is there already, as Raspberry Pi Imager writes it, calls ours first and then does its own. */
export function withFirstRun(script: string | undefined): string {
  if (script === undefined || script.includes("# by pinion flash: runs once")) return OWN;
  const lines = script.split("\n").filter((line) => line !== CALL);
  const at = lines[0]?.startsWith("#!") === true ? 1 : 0;
  return [...lines.slice(0, at), CALL, ...lines.slice(at)].join("\n");
}

/** One line, as the firmware wants it. @throws CommandFailure where something else is to run */
export function withHook(cmdline: string): string {
  const other = /\bsystemd\.run=(\S+)/.exec(cmdline)?.[1];
  if (other === undefined) return `${cmdline}${HOOK}`;
  if (/^"?(\/boot(\/firmware)?)?\/firstrun\.sh"?$/.test(other)) return cmdline;
  const words = `cmdline.txt on the card runs ${other} at the first start already: write the card anew. Nothing was written`;
  throw new CommandFailure(ExitStatus.usage, words);
}
