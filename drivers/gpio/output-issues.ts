/** What outputs' rules have against each other, whatever is plugged in. Pure. */
import type { ConfigIssue } from "../driver.ts";
import { milliseconds, type Duration } from "../duration.ts";
import { parseLinkLost } from "./link-lost.ts";

interface Pin {
  readonly direction: "in" | "out";
  readonly safe?: 0 | 1;
  readonly minOn?: Duration;
  readonly maxOn?: Duration;
  readonly interlock?: string;
  readonly tags?: readonly string[];
  readonly onLinkLost?: string;
}

type Pins = Readonly<Record<string, Pin>>;
type Pwms = Readonly<Record<string, Omit<Pin, "direction" | "safe"> & { readonly safe?: number }>>;

export function outputIssues({ pins, pwm = {} }: { readonly pins: Pins; readonly pwm?: Pwms }): readonly ConfigIssue[] {
  const outputs = Object.entries(pins).filter(([, { direction }]) => direction === "out");
  const pwms = Object.entries(pwm);
  return [
    ...outputs.flatMap(([name, pin]) => [...linkIssues("pins", name, pin), ...timeIssues(name, pin)]),
    ...pwms.flatMap(([name, one]) => linkIssues("pwm", name, one)),
    ...interlockIssues([
      ...outputs.map(([name, pin]) => ({ ...pin, name, place: `/pins/${name}` })),
      ...pwms.map(([name, one]) => ({ ...one, name, place: `/pwm/${name}` })),
    ]),
  ];
}

function linkIssues(
  section: "pins" | "pwm",
  name: string,
  { tags = [], onLinkLost }: Pick<Pin, "tags" | "onLinkLost">,
): readonly ConfigIssue[] {
  const path = `/${section}/${name}`;
  if (onLinkLost === undefined) {
    if (!tags.includes("actuator")) return [];
    const cure = "add onLinkLost: hold, safe or safe-after <s>";
    const message = `${name} is tagged actuator and must say what happens when the link is lost; ${cure}`;
    return [{ path, message }];
  }
  if (parseLinkLost(onLinkLost) !== undefined) return [];
  return [{ path: `${path}/onLinkLost`, message: `${onLinkLost} is too long; write safe-after and at most 24h` }];
}

function timeIssues(name: string, { minOn = 0, maxOn, safe }: Pin): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const path = `/pins/${name}/maxOn`;
  if (maxOn === undefined) return issues;
  if (safe === 1)
    issues.push({ path, message: "maxOn ends at the safe level, which is on here; remove maxOn or set safe: 0" });
  if (milliseconds(minOn) > milliseconds(maxOn))
    issues.push({ path, message: "maxOn is shorter than minOn; make it longer" });
  return issues;
}

interface Interlocked {
  readonly name: string;
  readonly place: string;
  readonly interlock?: string;
  readonly safe?: number;
}

/** The safe level must not be what the interlock forbids. */
function interlockIssues(outputs: readonly Interlocked[]): readonly ConfigIssue[] {
  const onWhenSafe = new Map<string, string>();
  return outputs.flatMap(({ name, place, interlock, safe = 0 }) => {
    if (interlock === undefined || safe === 0) return [];
    const other = onWhenSafe.get(interlock);
    onWhenSafe.set(interlock, name);
    if (other === undefined) return [];
    const message = `${name} and ${other} would both be on at their safe level (interlock ${interlock}); set safe: 0`;
    return [{ path: `${place}/safe`, message }];
  });
}
