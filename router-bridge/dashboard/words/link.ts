/** The state of the link, of a board and of the whole page in words. */
import type { BoardState } from "../state/board-state.ts";
import type { Link } from "../state/link.ts";
import { durationWords } from "./age.ts";

export interface LinkWords {
  readonly tone: "good" | "busy" | "bad";
  /** One or two words. */
  readonly short: string;
  /** What it means and what comes next; empty while all is well. */
  readonly long: string;
}

export function linkWords(link: Link, now: number): LinkWords {
  const cause = "cause" in link && link.cause !== "" ? ` ${sentence(link.cause)}` : "";
  switch (link.kind) {
    case "connected":
      return { tone: "good", short: "Connected", long: "" };
    case "connecting":
      return link.again
        ? { tone: "busy", short: "Reconnecting", long: `Trying to reach the router again.${cause}` }
        : { tone: "busy", short: "Connecting", long: "" };
    case "waiting": {
      const seconds = durationWords(Math.max(0, link.until - now) + 999);
      const long = `The link to the router is lost; controls are off until it is back. Next try in ${seconds}.${cause}`;
      return { tone: "bad", short: "Link lost", long };
    }
    default:
      return { tone: "bad", short: "Closed", long: `The session has ended. Reload the page to start again.${cause}` };
  }
}

/** Why nothing on this board can be switched now; undefined when it can. */
export function whyDisabled(link: Link, board: BoardState): string | undefined {
  if (link.kind !== "connected") return "No link to the router";
  switch (board.presence.kind) {
    case "online":
      return undefined;
    case "unknown":
      return "Waiting for the board to answer";
    default:
      return "The board does not answer";
  }
}

export interface PresenceWords {
  readonly tone: "good" | "busy" | "bad";
  readonly short: string;
  readonly long: string;
}

export function presenceWords(link: Link, board: BoardState, now: number): PresenceWords {
  const { presence } = board;
  if (link.kind !== "connected") return { tone: "busy", short: "No link", long: "" };
  switch (presence.kind) {
    case "online":
      return { tone: "good", short: "Online", long: "" };
    case "unknown":
      return { tone: "busy", short: "Asking", long: "" };
    default:
      return {
        tone: "bad",
        short: "Offline",
        long: `The board has not answered for ${durationWords(now - presence.since)}; its controls are off until it does. ${sentence(presence.cause)}`,
      };
  }
}

/** The document's title: the worst news first. */
export function titleWords(link: Link, boards: readonly BoardState[]): string {
  if (link.kind === "waiting") return "Link lost · Pinion";
  if (link.kind === "closed") return "Closed · Pinion";
  if (link.kind === "connecting") return `${link.again ? "Reconnecting" : "Connecting"} · Pinion`;
  const away = boards.filter(({ presence }) => presence.kind === "offline").length;
  const [only] = boards;
  if (away > 0) return `${String(away)} of ${String(boards.length)} offline · Pinion`;
  if (only === undefined) return "No board yet · Pinion";
  return boards.length === 1 ? `${only.model.title} · Pinion` : `${String(boards.length)} boards · Pinion`;
}

/** A cause as a sentence: with a capital, and a full stop. */
export function sentence(words: string): string {
  const text = words.trim();
  if (text === "") return "";
  const capital = (text[0] ?? "").toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(capital) ? capital : `${capital}.`;
}
