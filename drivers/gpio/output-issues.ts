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

export function outputIssues({ pins }: { readonly pins: Readonly<Record<string, Pin>> }): readonly ConfigIssue[] {
  const outputs = Object.entries(pins).filter(([, { direction }]) => direction === "out");
  return [...outputs.flatMap(([name, pin]) => ownIssues(name, pin)), ...interlockIssues(outputs)];
}

function ownIssues(name: string, pin: Pin): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const add = (key: string, message: string): void => void issues.push({ path: `/pins/${name}${key}`, message });
  const { tags = [], onLinkLost, minOn = 0, maxOn, safe } = pin;
  if (tags.includes("actuator") && onLinkLost === undefined) {
    const cure = "add onLinkLost: hold, safe or safe-after <s>";
    add("", `${name} is tagged actuator and must say what happens when the link is lost; ${cure}`);
  }
  if (onLinkLost !== undefined && parseLinkLost(onLinkLost) === undefined) {
    add("/onLinkLost", `${onLinkLost} is too long; write safe-after and at most 24h`);
  }
  if (maxOn === undefined) return issues;
  if (safe === 1) add("/maxOn", "maxOn ends at the safe level, which is on here; remove maxOn or set safe: 0");
  if (milliseconds(minOn) > milliseconds(maxOn)) add("/maxOn", "maxOn is shorter than minOn; make it longer");
  return issues;
}

/** The safe level must not be what the interlock forbids. */
function interlockIssues(outputs: readonly (readonly [string, Pin])[]): readonly ConfigIssue[] {
  const onWhenSafe = new Map<string, string>();
  return outputs.flatMap(([name, { interlock, safe }]) => {
    if (interlock === undefined || safe !== 1) return [];
    const other = onWhenSafe.get(interlock);
    onWhenSafe.set(interlock, name);
    if (other === undefined) return [];
    const message = `${name} and ${other} would both be on at their safe level (interlock ${interlock}); set safe: 0`;
    return [{ path: `/pins/${name}/safe`, message }];
  });
}
