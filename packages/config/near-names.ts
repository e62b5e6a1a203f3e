/** What was meant by a name that is none: of those there are, the nearest. Imports nothing, so that drivers can have it too. */

/** At most three, all as near as the nearest: at most a third of the letters may be wrong. */
export function nearNames(typed: string, names: Iterable<string>): readonly string[] {
  let least = Math.max(1, Math.floor(typed.length / 3));
  let nearest: string[] = [];
  for (const name of new Set(names)) {
    if (Math.abs(name.length - typed.length) > least) continue;
    const distance = editDistance(typed.toLowerCase(), name.toLowerCase());
    if (distance > least) continue;
    if (distance < least) nearest = [];
    least = distance;
    nearest.push(name);
  }
  return nearest.slice(0, 3);
}

/** The first of the nearest. */
export function closest(typed: string, names: Iterable<string>): string | undefined {
  return nearNames(typed, names)[0];
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one text into the other. */
function editDistance(from: string, to: string): number {
  let twoBack: number[] = [];
  let oneBack = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1];
      let cost = Math.min(at(row, j - 1) + 1, at(oneBack, j) + 1, at(oneBack, j - 1) + (same ? 0 : 1));
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) {
        cost = Math.min(cost, at(twoBack, j - 2) + 1);
      }
      row.push(cost);
    }
    twoBack = oneBack;
    oneBack = row;
  }
  return at(oneBack, to.length);
}

const at = (row: readonly number[], index: number): number => row[index] ?? Infinity;
