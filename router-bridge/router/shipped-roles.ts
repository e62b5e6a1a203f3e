/** Roles that fit boards. A configuration may replace each of them and add others. */
import type { Roles } from "./role-rules.ts";

const prefix = "prefix" as const;
const wildcard = "wildcard" as const;
const ENROLL = "pinion.accounts.enroll";

const everyBoard: Roles[string] = [
  { uri: "device.announce", allow: ["publish", "subscribe"] },
  { uri: "device.discover", allow: ["publish", "subscribe"] },
  // What a board lends to a caller ends when that caller's session does.
  { uri: "wamp.session.on_leave", allow: ["subscribe"] },
  { uri: "wamp.session.get", allow: ["call"] },
];

/** `naming: fleet` of a board, with its authid as its id: then its names are its own. */
const device: Roles[string] = [
  { uri: "device.<authid>.", match: prefix, allow: ["register", "publish"] },
  { uri: "sensor.<authid>.", match: prefix, allow: ["publish"] },
  ...everyBoard,
];

/** `naming: single`: the one board of its realm has all names. In a fleet such an account could stand in for any board. */
const singleDevice: Roles[string] = [
  { uri: "device.", match: prefix, allow: ["register", "publish"] },
  { uri: "sensor.", match: prefix, allow: ["publish"] },
  ...everyBoard,
];

/** Sees everything of every board and changes nothing. */
const viewer: Roles[string] = [
  { uri: "sensor.", match: prefix, allow: ["subscribe"] },
  { uri: "device.announce", allow: ["subscribe"] },
  { uri: "device.discover", allow: ["publish"] },
  { uri: "device.health", allow: ["call", "subscribe"] },
  { uri: "device..health", match: wildcard, allow: ["call", "subscribe"] },
  ...["clock", "update"].flatMap((name) => [
    { uri: `device.${name}`, allow: ["subscribe"] as const },
    { uri: `device..${name}`, match: wildcard, allow: ["subscribe"] as const },
  ]),
  ...["describe", "history"].flatMap((name) => [
    { uri: `device.${name}`, allow: ["call"] as const },
    { uri: `device..${name}`, match: wildcard, allow: ["call"] as const },
  ]),
  ...["get", "read"].flatMap((action) => [
    { uri: `device..${action}`, match: wildcard, allow: ["call"] as const },
    { uri: `device...${action}`, match: wildcard, allow: ["call"] as const },
  ]),
];

/** What a board is made of, its program and its configuration: alone in its realm, and in a fleet. */
const maintenance = ["update", "config"].flatMap((part) => [`device.${part}.`, `device..${part}.`]);

/** Works every board, changes what each of them is, and lets in new ones. The boards learn who it was. */
const maintainer: Roles[string] = [
  { uri: ENROLL, allow: ["call"] },
  ...viewer,
  { uri: "device.", match: prefix, allow: ["call"], disclose: true },
  ...["count", "list", "get", "get_stats"].map((name) => ({ uri: `wamp.session.${name}`, allow: ["call"] as const })),
];

/** Works every board, and leaves it what it is. */
const operator: Roles[string] = [
  ...maintainer,
  { uri: ENROLL, deny: ["call"] },
  ...maintenance.map((uri) => ({ uri, match: wildcard, deny: ["call"] as const })),
];

/** Programs that are trusted with the whole realm, the meta procedures included. */
const backend: Roles[string] = [{ uri: "", match: prefix, allow: ["call", "register", "publish", "subscribe"] }];

export const SHIPPED_ROLES: Roles = { device, "single-device": singleDevice, viewer, operator, maintainer, backend };
