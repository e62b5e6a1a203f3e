/** The options of `pinion-device`, and the words for those that are wrong. Knows nothing of what they lead to. */
import { closest } from "@pinion/config";
import { parseArgs } from "node:util";

const HELP = `Usage: pinion-device [options]

Runs one board: its drivers as WAMP procedures, its readings as WAMP events

Options:
  -V, --version        output the version number
  -c, --config <file>  the board's configuration; default: ./board.yaml, then
                       /etc/pinion/board.yaml
  --safe               bring the configured outputs to their safe level, and
                       end: for the moment after a hard kill
  --doctor <what>      look at this machine and touch nothing (choices: "all":
                       everything, "gpio": which line each pin is, who has it)
  --json               with --doctor: one JSON list
  --check              check the configuration, print what it amounts to, and
                       end; with --json as one JSON object
  --files <folder>     with --check, for another machine: what router.tls and
                       router.auth name lies in this folder, by its name
  --here               with --files: it is for this machine all the same
  --to-enroll          with --check: the key that router.auth.keyFile names may
                       be missing, pinion-device enroll makes it on the board
  --schema             print the JSON Schema of the configuration, for editors
  -h, --help           display help for command
`;
const options = {
  config: { type: "string", short: "c" },
  safe: { type: "boolean" },
  doctor: { type: "string" },
  json: { type: "boolean" },
  check: { type: "boolean" },
  files: { type: "string" },
  here: { type: "boolean" },
  "to-enroll": { type: "boolean" },
  schema: { type: "boolean" },
  version: { type: "boolean", short: "V" },
  help: { type: "boolean", short: "h" },
} as const;
/** Those with an argument, as the help has them. */
const TAKES: ReadonlyMap<string, string> = new Map([
  ["config", "-c, --config <file>"],
  ["doctor", "--doctor <what>"],
  ["files", "--files <folder>"],
]);

export interface Wanted {
  readonly config: string | undefined;
  readonly check: boolean;
  readonly files: string | undefined;
  readonly here: boolean;
  readonly toEnroll: boolean;
  readonly schema: boolean;
  readonly safe: boolean;
  readonly doctor: "gpio" | "all" | undefined;
  readonly json: boolean;
}

/** What to do; or what to print instead, and the status to end with. */
export type CommandLine =
  | { readonly kind: "run"; readonly wanted: Wanted }
  | { readonly kind: "told"; readonly words: string }
  | { readonly kind: "wrong"; readonly words: string };

/** `args` without node and script. Never throws. */
export function readCommandLine(args: readonly string[], version: string): CommandLine {
  // not strict: the faults are told in words of our own
  const { values, tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const fault = faultIn(tokens);
  if (fault !== undefined) return { kind: "wrong", words: `error: ${fault}` };
  if (values["help"] === true) return { kind: "told", words: HELP };
  if (values["version"] === true) return { kind: "told", words: `${version}\n` };
  const { config, doctor, files } = values;
  const wanted: Wanted = {
    config: typeof config === "string" ? config : undefined,
    check: values["check"] === true,
    files: typeof files === "string" ? files : undefined,
    here: values["here"] === true,
    toEnroll: values["to-enroll"] === true,
    schema: values["schema"] === true,
    safe: values["safe"] === true,
    doctor: doctor === "gpio" || doctor === "all" ? doctor : undefined,
    json: values["json"] === true,
  };
  return { kind: "run", wanted };
}

type Token = NonNullable<ReturnType<typeof parseArgs>["tokens"]>[number];

function faultIn(tokens: readonly Token[]): string | undefined {
  for (const token of tokens) {
    const fault = token.kind === "option" ? optionFault(token) : undefined;
    if (fault !== undefined) return fault;
  }
  const extra = tokens.filter(({ kind }) => kind === "positional").length;
  return extra === 0 ? undefined : `too many arguments. Expected 0 arguments but got ${String(extra)}.`;
}

function optionFault({ name, rawName, value }: Extract<Token, { kind: "option" }>): string | undefined {
  const known = Object.hasOwn(options, name);
  const takes = known ? TAKES.get(name) : undefined;
  if (takes === undefined) {
    if (known && value === undefined) return undefined;
    const given = value === undefined || !rawName.startsWith("--") ? rawName : `${rawName}=${value}`;
    const meant = known ? name : closest(name, Object.keys(options));
    return `unknown option '${given}'${meant === undefined ? "" : `\n(Did you mean --${meant}?)`}`;
  }
  if (value === undefined) return `option '${takes}' argument missing`;
  if (name !== "doctor" || value === "gpio" || value === "all") return undefined;
  return `option '${takes}' argument '${value}' is invalid. Allowed choices are all, gpio.`;
}
