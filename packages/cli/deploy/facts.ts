/** What a board says of itself, in lines `pinion: <name> <value>`: what login scripts print beside them is passed over. */

/** The shell function that says it. */
export const FACT = `fact() { printf 'pinion: %s %s\\n' "$1" "$2"; }`;

export interface Facts {
  /** Empty where nothing was said. */
  one(name: string): string;
  all(name: string): readonly string[];
}

export function readFacts(text: string): Facts {
  const facts = text.split("\n").flatMap((line) => {
    const found = factIn(line);
    return found === undefined ? [] : [found];
  });
  const all = (name: string): readonly string[] => facts.flatMap((fact) => (fact.name === name ? [fact.value] : []));
  return { one: (name) => all(name)[0] ?? "", all };
}

/** Undefined: a line of something else. */
export function factIn(line: string): { readonly name: string; readonly value: string } | undefined {
  const found = /^pinion: ([a-z-]+) (.*)$/.exec(line);
  return found === null ? undefined : { name: found[1] ?? "", value: (found[2] ?? "").trim() };
}
