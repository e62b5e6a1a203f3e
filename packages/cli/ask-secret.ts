/** Asks for a secret at the terminal, twice, without showing it; or takes the first line of what is piped in. */
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { UsageError } from "@pinion/wamp";

export async function askSecret(): Promise<string> {
  const { stdin } = process;
  const first = await readLine("secret: ");
  if (!stdin.isTTY) return first;
  const second = await readLine("again: ");
  if (first !== second) throw new UsageError("invalid_option", "the two are not the same; nothing was changed");
  return first;
}

/** Once, at the terminal. */
export function askPassword(prompt: string): Promise<string> {
  return readLine(prompt);
}

/** What is typed goes nowhere: the terminal's own echo is off while readline holds it, and its output is dropped. */
function readLine(prompt: string): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: process.stdin.isTTY });
  process.stderr.write(prompt);
  return new Promise((resolve, reject) => {
    let answered = false;
    lines.once("line", (line) => {
      answered = true;
      resolve(line);
      lines.close();
    });
    lines.once("SIGINT", () => lines.close());
    lines.once("close", () => {
      process.stderr.write("\n");
      if (!answered) reject(new UsageError("invalid_option", "no secret was given; nothing was changed"));
    });
  });
}
