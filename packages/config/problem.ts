/** Where a value lies in the configuration: mapping keys and list indexes from the top. */
export type Path = readonly (string | number)[];

/** One thing wrong with a configuration, in the words of the person who wrote it. */
export interface Problem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** `listen[0].tcp`; `(top)` for the whole file. */
  readonly key: string;
  readonly found: string;
  readonly allowed: string;
  readonly cure: string;
}

/** What a check knows of a problem before its position is looked up. */
export type Finding = Pick<Problem, "found" | "allowed" | "cure"> & {
  readonly path: Path;
  /** Point at the key rather than at its value; so for keys that nobody knows. */
  readonly atKey?: boolean;
};

/** `["listen", 0, "tcp"]` -> `listen[0].tcp`. */
export function keyOf(path: Path): string {
  if (path.length === 0) return "(top)";
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${String(step)}]`;
    else if (/^[^\s.[\]"]+$/.test(step)) text += text === "" ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}

/** Two lines per problem: place and what was found, then what is allowed and what to do. Ends without a line break. */
export function formatProblems(problems: readonly Problem[]): string {
  return problems
    .map(
      ({ file, line, column, key, found, allowed, cure }) =>
        `${file}:${String(line)}:${String(column)}: ${key}: found ${found}\n    allowed: ${allowed}\n    cure: ${cure}`,
    )
    .join("\n");
}
