import type { ChannelDescription, JsonValue } from "../drivers/description.ts";
import type { BoardConfig } from "./board-config.ts";
import { proceduresIn } from "./actions.ts";
import { urlsOf } from "./router-options.ts";

/** What a configuration amounts to, for people: each channel, where it is, what it is called on the wire. */
export function planWords({ config, naming, title, drivers }: BoardConfig): string {
  const { url, realm, serializer } = config.router;
  const lines = [
    `board ${naming.id} (${title}), naming ${naming.mode}, GPIO ${config.board.gpio}`,
    `router ${urlsOf(url).join(", else ")}, realm ${realm}, ${serializer}`,
  ];
  for (const { name, definition, description, claims } of drivers) {
    lines.push("", `driver ${name}: ${definition.title}`);
    for (const channel of description.channels) lines.push(`  ${channelWords(channel)}`);
    const files = claims.flatMap((claim) => (claim.type === "file" ? [claim.path] : []));
    if (files.length > 0) lines.push(`  reads ${[...new Set(files)].join(", ")}`);
    const streams = description.channels.flatMap(({ streams }) => Object.keys(streams));
    if (streams.length > 0) lines.push(`  publishes ${streams.map((stream) => naming.topic(stream)).join(", ")}`);
    const procedures = proceduresIn(description).map((action) => naming.procedure(description.kind, action));
    if (procedures.length > 0) lines.push(`  answers ${procedures.join(", ")}`);
  }
  if (drivers.length === 0) lines.push("", "no drivers: the board only describes itself");
  return lines.join("\n");
}

function channelWords({ name, aliases, role, details }: ChannelDescription): string {
  const names = [name, ...aliases.filter((alias) => typeof alias === "string" && !/^(BCM|pin )/.test(alias))].join(
    " = ",
  );
  const told = Object.entries(details).filter(([key, value]) => value !== null && key !== "direction");
  const facts = told.map(([key, value]) => `${key} ${show(value)}`);
  return `${names}: ${[role, ...facts].join(", ")}`;
}

function show(value: JsonValue): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
