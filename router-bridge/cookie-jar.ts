/**
 * Who has logged in from which browser, by cookie. A fresh value goes out with the answer to a WebSocket's opening and is worth
 * nothing until somebody logs in on that very connection: a value that was planted in a browser never becomes a login. Owns
 * what is known of live cookies, bounded and by SHA-256 only; knows no account and no message.
 */
import { createHash, randomBytes } from "node:crypto";
import type { CookieOwner, PeerCookie } from "./router/index.ts";

export interface CookieRules {
  readonly name: string;
  /** Milliseconds from the login. */
  readonly maxAge: number;
  /** Cookies that are live at a time; the oldest goes for one more. */
  readonly capacity: number;
}

/** One opening of a WebSocket, as far as cookies go. */
export interface CookieRequest {
  /** The Cookie header. */
  readonly header: string | undefined;
  /** Undefined for programs that are no browsers. */
  readonly origin: string | undefined;
  readonly path: string;
  readonly tls: boolean;
}

export interface OfferedCookie {
  readonly cookie: PeerCookie;
  /** For the answer; undefined while the browser has a live cookie, which must not be replaced by a worthless one. */
  readonly setCookie: string | undefined;
}

interface Live {
  readonly owner: CookieOwner;
  readonly origin: string | undefined;
  readonly until: number;
}

const OCTETS = 32;
const VALUE = /^[A-Za-z0-9_-]{43}$/;
/** A header with more of one name is no browser's. */
const MOST_OF_A_NAME = 8;

export class CookieJar {
  readonly #rules: CookieRules;
  readonly #now: () => number;
  /** Oldest first. */
  readonly #live = new Map<string, Live>();

  /** `now`: monotonic milliseconds. */
  constructor(rules: CookieRules, now: () => number) {
    this.#rules = rules;
    this.#now = now;
  }

  get size(): number {
    return this.#live.size;
  }

  offer(request: CookieRequest): OfferedCookie {
    const { origin } = request;
    const shown = this.#shown(request.header).find((digest) => this.#find(digest, origin) !== undefined);
    const value = shown === undefined ? randomBytes(OCTETS).toString("base64url") : undefined;
    // a login as somebody else must not go by a value that the one before has known
    const own = value === undefined ? undefined : digestOf(value);
    let granted: string | undefined;
    const cookie: PeerCookie = {
      owner: () => (shown === undefined ? undefined : this.#find(shown, origin)?.owner),
      grant: (owner) => {
        if (own === undefined) {
          const before = shown && this.#find(shown, origin)?.owner;
          if (before && before.authid !== owner.authid) this.#live.delete(shown);
          return;
        }
        this.#keep(own, { owner, origin, until: this.#now() + this.#rules.maxAge });
        granted = own;
      },
      revoke: () => {
        for (const digest of [shown, granted]) if (digest !== undefined) this.#live.delete(digest);
      },
    };
    return { cookie, setCookie: value === undefined ? undefined : this.#header(value, request) };
  }

  #find(digest: string, origin: string | undefined): Live | undefined {
    const live = this.#live.get(digest);
    if (live === undefined) return undefined;
    if (live.until > this.#now()) return live.origin === origin ? live : undefined;
    this.#live.delete(digest);
    return undefined;
  }

  #keep(digest: string, live: Live): void {
    this.#live.delete(digest);
    for (const [other, { until }] of this.#live) {
      if (until > this.#now() && this.#live.size < this.#rules.capacity) break;
      this.#live.delete(other);
    }
    this.#live.set(digest, live);
  }

  /** The digests of what the browser sent under the cookie's name. */
  #shown(header = ""): string[] {
    const found: string[] = [];
    for (const pair of header.split(";")) {
      const [name = "", value = ""] = pair.trim().split("=", 2);
      if (name === this.#rules.name && VALUE.test(value) && found.length < MOST_OF_A_NAME) found.push(digestOf(value));
    }
    return found;
  }

  #header(value: string, { path, tls, origin = "" }: CookieRequest): string {
    const { name, maxAge } = this.#rules;
    const secure = tls || origin.startsWith("https:") ? "; Secure" : "";
    const age = String(Math.ceil(maxAge / 1000));
    return `${name}=${value}; Path=${path}; Max-Age=${age}; HttpOnly; SameSite=Strict${secure}`;
  }
}

/** What is looked up is no secret, so the time that takes tells nothing about one. */
function digestOf(value: string): string {
  return createHash("sha256").update(value).digest("base64");
}
