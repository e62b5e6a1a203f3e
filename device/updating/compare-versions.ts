/** Order of versions as semver has it; what follows a `+` makes no difference. Negative: `a` is the older one. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parts(a), parts(b)];
  for (let i = 0; i < 3; i += 1) {
    const difference = Number(left.numbers[i] ?? 0) - Number(right.numbers[i] ?? 0);
    if (difference !== 0) return difference;
  }
  // a pre-release comes before what it leads to
  if (left.pre.length === 0 || right.pre.length === 0) return right.pre.length - left.pre.length;
  for (let i = 0; i < Math.max(left.pre.length, right.pre.length); i += 1) {
    const order = comparePart(left.pre[i], right.pre[i]);
    if (order !== 0) return order;
  }
  return 0;
}

function parts(version: string): { readonly numbers: readonly string[]; readonly pre: readonly string[] } {
  const [core = ""] = version.split("+");
  const dash = core.indexOf("-");
  const numbers = (dash === -1 ? core : core.slice(0, dash)).split(".");
  return { numbers, pre: dash === -1 ? [] : core.slice(dash + 1).split(".") };
}

function comparePart(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1;
  const [isNumber, isOther] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (isNumber && isOther) return Number(a) - Number(b);
  if (isNumber !== isOther) return isNumber ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
