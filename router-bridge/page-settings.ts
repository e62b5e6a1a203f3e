/** What the `pages` section says: its schema, what is wrong with it, and the folders that it opens. */
import { resolve } from "node:path";
import type { Finding } from "@pinion/config";
import { Type } from "typebox";
import { BridgeError } from "./bridge-error.ts";
import type { Config } from "./config-schema.ts";
import type { PageFolder } from "./http.ts";
import { StaticFolder } from "./static-folder.ts";

export const pages = Type.Array(
  Type.Object(
    {
      path: Type.String({
        pattern: "^/([A-Za-z0-9._~-]+/)*$",
        maxLength: 256,
        description: "beginning of the URL paths, from slash to slash",
        examples: ["/home/"],
      }),
      folder: Type.String({ minLength: 1, description: "of files for browsers", examples: ["page"] }),
    },
    { additionalProperties: false },
  ),
  { default: [], maxItems: 16, description: "pages of your own" },
);

/** A path that something else has, or that stands there twice. */
export function pageFindings({ pages, dashboard, websocket, longpoll, metrics }: Config): Finding[] {
  const taken = new Map([
    ["/healthz/", "/healthz"],
    [`${websocket.path}/`, "websocket.path"],
    ...(longpoll.enabled ? [[`${longpoll.path}/`, "longpoll.path"] as const] : []),
    ...(metrics === false ? [] : [[`${metrics === true ? "/metrics" : metrics.path}/`, "metrics"] as const]),
    ...(dashboard ? [["/", "the dashboard; dashboard: false makes room"] as const] : []),
  ]);
  return pages.flatMap(({ path }, i) => {
    const holder = taken.get(path);
    taken.set(path, `pages ${String(i)}`);
    if (holder === undefined) return [];
    const allowed = `a path that is free: this one is for ${holder}`;
    return [{ path: ["pages", i, "path"], found: JSON.stringify(path), allowed, cure: "for example /home/" }];
  });
}

/** @throws BridgeError `pages_unreadable`. */
export function openPages({ pages, limits }: Config): PageFolder[] {
  const bounds = { files: limits.pageFiles, octets: limits.pageOctets };
  return pages.map(({ path, folder }) => {
    try {
      return { path, folder: new StaticFolder(resolve(folder), bounds) };
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      throw new BridgeError("pages_unreadable", `pages at ${path}: ${words}`, { cause: error });
    }
  });
}
