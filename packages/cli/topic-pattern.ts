import { isUri, type Match } from "@pinion/wamp";
import { CommandFailure, ExitStatus } from "./exit-status.ts";

export interface TopicPattern {
  readonly topic: string;
  readonly match: Match;
}

/**
 * What `subscribe` is given: `sensor.door` exact; `sensor.*` and `*` by prefix (the star is this command's, not WAMP's);
 * `sensor..t` with any one component between the dots. @throws CommandFailure `usage`.
 */
export function topicPattern(text: string): TopicPattern {
  const pattern = readPattern(text);
  if (!isUri(pattern.topic, pattern.match)) {
    const words = "a topic such as sensor.door, a prefix such as 'sensor.*', or a wildcard such as sensor..t";
    throw new CommandFailure(ExitStatus.usage, `${JSON.stringify(text)} is no topic: give ${words}`);
  }
  return pattern;
}

function readPattern(text: string): TopicPattern {
  if (text === "*") return { topic: "", match: "prefix" };
  if (text.endsWith("*")) return { topic: text.slice(0, -1), match: "prefix" };
  const wildcard = text !== "" && text.split(".").includes("");
  return { topic: text, match: wildcard ? "wildcard" : "exact" };
}
