import { encodeText } from "./encoding.ts";
import type { ConfigIssue } from "../driver.ts";
import { scalingIssues } from "../sensors/scaling.ts";
import { parsePointer } from "./json-pointer.ts";
import { patternFault } from "./pattern-guard.ts";
import { portsOf, type RuleConfig, type SerialConfig } from "./serial-config.ts";

type PortConfig = SerialConfig["ports"][string];

/** What the schema cannot say: ports and streams used twice, rules that cannot run, delimiters that encodings spell differently. */
export function serialIssues(config: SerialConfig): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const paths = new Map<string, string>();
  const streams = new Map<string, string>();
  const resolved = portsOf(config);
  for (const [name, port] of Object.entries(config.ports)) {
    const here = `/ports/${name}`;
    const path = resolved.find((one) => one.name === name)?.path ?? "";
    const other = paths.get(path);
    if (other !== undefined)
      issues.push({
        path: `${here}/${port.usb === undefined ? "path" : "usb"}`,
        message: `${path} is used by ${other} already`,
      });
    paths.set(path, name);
    issues.push(...deviceIssues(port, here), ...framingIssues(port, `${here}/framing`));
    const rules = port.readings ?? [];
    for (const [index, rule] of rules.entries()) issues.push(...ruleIssues(rule, `${here}/readings/${String(index)}`));
    for (const { stream, at } of streamsOf(name, port)) {
      const taken = streams.get(stream);
      if (taken !== undefined)
        issues.push({ path: `${here}${at}`, message: `the stream ${stream} is published by ${taken} already` });
      streams.set(stream, name);
    }
  }
  return issues;
}

function streamsOf(name: string, { readings = [], raw = false }: PortConfig) {
  const rules = readings.map(({ stream }, index) => ({ stream, at: `/readings/${String(index)}/stream` }));
  return [
    ...(readings.length === 0 ? [{ stream: name, at: "" }] : rules),
    { stream: `${name}_state`, at: "" },
    ...(raw ? [{ stream: `${name}_raw`, at: "" }] : []),
  ];
}

function deviceIssues({ path, usb }: PortConfig, here: string): readonly ConfigIssue[] {
  if (path === undefined && usb === undefined) return [{ path: here, message: "needs path or usb" }];
  if (path === undefined || usb === undefined) return [];
  return [{ path: here, message: "has both path and usb; choose one" }];
}

function framingIssues({ framing }: PortConfig, path: string): readonly ConfigIssue[] {
  if (typeof framing !== "object") return [];
  if ("delimiter" in framing && isBeyondLatin(framing.delimiter))
    return [{ path: `${path}/delimiter`, message: "must be made of ASCII characters" }];
  const fault = "pattern" in framing ? patternFault(framing.pattern) : undefined;
  return fault === undefined ? [] : [{ path: `${path}/pattern`, message: `cannot be used: ${fault}` }];
}

function isBeyondLatin(text: string): boolean {
  const bytes = encodeText(text, "latin1");
  return bytes === undefined || bytes.some((byte) => byte > 127);
}

/** The ways to find a value in a line, each with the key that belongs to it. */
const ways = [
  ["match", "group"],
  ["pointer", undefined],
  ["column", "separator"],
  ["nmea", "field"],
] as const;

function ruleIssues(rule: RuleConfig, path: string): readonly ConfigIssue[] {
  const { as, factor, offset, valid, nmea, field } = rule;
  const issues: ConfigIssue[] = [];
  const chosen = ways.filter(([way]) => rule[way] !== undefined).map(([way]) => way);
  if (chosen.length > 1) issues.push({ path, message: `has both ${chosen.join(" and ")}; choose one` });
  if (chosen.length === 0) issues.push({ path, message: "needs match or pointer (or column, or nmea with field)" });
  for (const [way, key] of ways) {
    if (key !== undefined && rule[key] !== undefined && rule[way] === undefined)
      issues.push({ path: `${path}/${key}`, message: `is for rules with ${way}` });
  }
  if (nmea !== undefined && field === undefined) issues.push({ path, message: "needs field beside nmea" });
  const hasScale = [factor, offset, valid].some((one) => one !== undefined);
  if (as === "text" && hasScale) issues.push({ path, message: "factor and offset are for numbers, not for as: text" });
  return [...issues, ...spellingIssues(rule, path), ...scalingIssues(valid === undefined ? {} : { valid }, path)];
}

function spellingIssues({ match, pointer }: RuleConfig, path: string): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const fault = match === undefined ? undefined : patternFault(match);
  if (fault !== undefined) issues.push({ path: `${path}/match`, message: `cannot be used: ${fault}` });
  if (pointer !== undefined && parsePointer(pointer) === undefined) {
    issues.push({
      path: `${path}/pointer`,
      message: 'must be "" or start with /, such as /temperature or /sensors/0/value',
    });
  }
  return issues;
}
