/**
 * Owns the cookies that one router has set at the opening of a WebSocket, so that the next connection to it shows them. In memory
 * only, and for one address only: it must not know other routers, nor what a cookie is worth.
 */
const MOST = 20;
const LONGEST = 4096;

export class CookieKeeper {
  readonly #values = new Map<string, string>();

  /** For the Cookie header; undefined if there are none. */
  get header(): string | undefined {
    if (this.#values.size === 0) return undefined;
    return [...this.#values].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  /** Takes the Set-Cookie headers of one answer. What is too much is left out; it is the router that judges age. */
  take(headers: readonly string[] = []): void {
    for (const header of headers) {
      const [pair = "", ...attributes] = header.split(";");
      const middle = pair.indexOf("=");
      const name = pair.slice(0, middle).trim();
      if (middle < 1 || name === "" || header.length > LONGEST) continue;
      this.#values.delete(name);
      const ended = attributes.some((one) => /^\s*max-age\s*=\s*(?:0+|-\d+)\s*$/i.test(one));
      if (!ended && this.#values.size < MOST) this.#values.set(name, pair.slice(middle + 1).trim());
    }
  }
}
