/** Follows the service on the board until it has joined its router, and says what it waits for. */
import { CommandFailure, ExitStatus } from "../exit-status.ts";
import { FACT, factIn } from "./facts.ts";
import type { SshBoard } from "./ssh.ts";

/** Tells each change, and ends by itself; needs no root. The limit is $1, in s. 78: the configuration is wrong for the program. */
const FOLLOW = `${FACT}
export PATH=/usr/local/bin:/usr/bin:/bin LC_ALL=C
last= n=0
while [ $n -le "$1" ]; do
  now=$(systemctl show -p ActiveState -p SubState -p ExecMainStatus -p StatusText pinion-device | tr '\\n' '\\t')
  [ "$now" = "$last" ] || fact unit "$now"
  last=$now
  case $now in
    *ActiveState=active*) case $now in *'link ready'*) fact end joined; exit ;; esac ;;
    *ActiveState=failed*) case $now in *ExecMainStatus=78*) fact end refused; exit ;; esac ;;
  esac
  n=$((n + 1))
  sleep 1
done
`;

/** @throws CommandFailure with what it waited for */
export async function waitForLink(board: SshBoard, seconds: number, hint: string): Promise<void> {
  let words = "";
  let end = "";
  const onLine = (line: string): void => {
    const fact = factIn(line);
    if (fact?.name === "end") end = fact.value;
    if (fact?.name !== "unit") return;
    const now = stateIn(fact.value);
    if (now !== words) console.error(`pinion-device is ${now}`);
    words = now;
  };
  await board.run(`exec sh -s ${String(seconds)}`, { input: [Buffer.from(FOLLOW)], onLine });
  if (end === "joined") return console.log(`done: ${board.name} has joined its router`);
  const where = `sudo journalctl -u pinion-device on the board says more`;
  if (end === "refused")
    throw failure(`${board.name} is installed, but does not take its configuration as it is on the board: ${where}`);
  if (hint !== "") console.log(hint);
  throw failure(
    `${board.name} is installed and goes on trying by itself, but has not joined its router within ${String(seconds)} s. It is ${words || "silent"}; ${where}`,
  );
}

/** Words of a board must not steer the terminal. */
function stateIn(lines: string): string {
  const state = new Map(lines.split("\t").map((one) => [one.replace(/=.*/s, ""), one.replace(/^[^=]*=/, "")]));
  const of = (name: string): string => (state.get(name) ?? "").replaceAll(/\p{Cc}/gu, " ");
  return `${of("ActiveState")} (${of("SubState")})${of("StatusText") === "" ? "" : `: ${of("StatusText")}`}`;
}

function failure(words: string): CommandFailure {
  return new CommandFailure(ExitStatus.applicationError, words);
}
