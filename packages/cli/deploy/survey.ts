/** The second look, as root: what of Pinion is on the board, and whether there is room. Changes nothing. */
import { FACT, type Facts, readFacts } from "./facts.ts";
import type { AsRoot } from "./root.ts";
import { CommandFailure, ExitStatus } from "../exit-status.ts";

const SURVEY = `${FACT}
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
for file in /etc/pinion/*; do
  [ ! -f "$file" ] || fact file "$(sha256sum <"$file" | cut -d ' ' -f 1) $(stat -c '%U:%G %a' "$file") $(basename "$file")"
done
fact enabled "$(systemctl is-enabled pinion-device 2>/dev/null)"
fact active "$(systemctl is-active pinion-device 2>/dev/null)"
for place in /usr /etc /var/lib; do [ -w $place ] || fact readonly $place; done
free() { set -- "$1" $(df -Pk "$2" | tail -n 1); fact "$1" "$5 $7"; }
free free-program /usr/lib
staged=/var/lib/pinion-deploy
[ -d $staged ] || staged=/var/lib
free free-staged $staged
[ ! -e /var/lib/pinion/config/board.yaml ] || fact applied yes
[ ! -e /etc/systemd/system/pinion-deploy.service ] || fact begun yes
fact end yes
`;

export interface Survey {
  readonly facts: Facts;
  /** By name: SHA-256, owner and mode of what lies in /etc/pinion. */
  readonly files: ReadonlyMap<string, { readonly sha256: string; readonly rights: string }>;
}

export async function surveyBoard(name: string, asRoot: AsRoot): Promise<Survey> {
  const { stdout, stderr } = await asRoot("sh -s", { input: [Buffer.from(SURVEY)] });
  const facts = readFacts(stdout);
  if (facts.one("end") === "")
    throw new CommandFailure(
      ExitStatus.applicationError,
      `${name}: root's shell did not answer: ${(stderr || stdout).trim().slice(-300)}. Nothing was changed`,
    );
  const files = facts.all("file").map((line) => {
    const [sha256 = "", owner = "", mode = "", ...file] = line.split(" ");
    return [file.join(" "), { sha256, rights: `${owner} ${mode}` }] as const;
  });
  return { facts, files: new Map(files) };
}

/** Octets that are free, and where they are. */
export function freeAt(facts: Facts, what: "free-program" | "free-staged"): { octets: number; place: string } {
  const [kib = "", ...place] = facts.one(what).split(" ");
  return { octets: Number(kib) * 1024, place: place.join(" ") };
}
