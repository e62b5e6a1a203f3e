/** The link to the router as the page shows it. */
import type { ClientStatus } from "@pinion/wamp/client";

export type Link =
  | { readonly kind: "connecting"; readonly again: boolean; readonly cause: string }
  | { readonly kind: "connected"; readonly since: number }
  | { readonly kind: "waiting"; readonly until: number; readonly cause: string }
  | { readonly kind: "closed"; readonly cause: string };

/** `before` lets "connected since" stay what it was when a status repeats. */
export function linkFrom(status: ClientStatus, before: Link, now: number): Link {
  const cause = status.cause ?? "";
  switch (status.state) {
    case "connecting":
    case "joining":
    case "restoring":
      return { kind: "connecting", again: status.attempt > 1 || cause !== "", cause };
    case "ready":
      return before.kind === "connected" ? before : { kind: "connected", since: now };
    case "waiting":
      return { kind: "waiting", until: now + (status.retryIn ?? 0), cause };
    default:
      return { kind: "closed", cause };
  }
}
