/**
 * Logs the page in: by the browser's cookie or anonymously where the router allows it, else as a person says. Owns the name and
 * the secret for as long as the page lives, so that it comes back by itself after a lost link, and the gate that keeps the
 * client from knocking while nobody has said who they are. Knows no document.
 */
import {
  ApplicationError,
  type Connector,
  credentialsLogin,
  type Credentials,
  ErrorUri,
  type Transport,
} from "@pinion/wamp";
import { browserCrypto } from "@pinion/client/page";
import type { Channel, Client, ClientStatus, Login, Timers } from "@pinion/wamp/client";
import { withResolvers } from "@pinion/wamp/with-resolvers";
import type { LoginState } from "../state/login.ts";
import { plainText } from "../state/untrusted.ts";
import { sentence } from "../words/link.ts";

const LOGOUT = "wamp.close.logout";
/** The router knows the page, but not for this. */
const REFUSALS: ReadonlySet<string> = new Set([
  ErrorUri.authenticationRequired,
  ErrorUri.authenticationDenied,
  ErrorUri.noMatchingAuthMethod,
  ErrorUri.notAuthorized,
]);

/** ms for a connection, once somebody has said who they are; that itself may take any time. */
const CONNECT_LIMIT = 20_000;
export const NO_LIMIT = 2 ** 31 - 1;

/** How the client begins when a CHALLENGE cannot be answered. */
const UNANSWERABLE = "the router asks for authentication by ";

export interface LoggingInContext {
  readonly timers: Timers;
  readonly connect: Connector;
  /** Whether what is sent in clear is seen by nobody else. */
  readonly confidential: boolean;
  readonly changed: (state: LoginState) => void;
}

export class LoggingIn {
  readonly #context: LoggingInContext;
  #state: LoginState = { kind: "unknown" };
  #credentials: Credentials | undefined;
  #gate = withResolvers<void>();
  #transport: Transport | undefined;

  constructor(context: LoggingInContext) {
    this.#context = context;
    this.#gate.resolve();
  }

  /** For the client: waits while somebody is to log in. */
  readonly connect: Connector = async (signal) => {
    await this.#gate.promise;
    const { connect, timers } = this.#context;
    const limit = new AbortController();
    const giveUp = (): void => limit.abort();
    signal.addEventListener("abort", giveUp, { once: true });
    const timer = timers.setTimeout(giveUp, CONNECT_LIMIT);
    try {
      this.#transport = await connect(limit.signal);
      return this.#transport;
    } finally {
      timers.clearTimeout(timer);
      signal.removeEventListener("abort", giveUp);
    }
  };

  /** For the client: one attempt. */
  readonly login = (channel: Channel): Login => {
    if (this.#credentials !== undefined) return credentialsLogin(browserCrypto, this.#credentials)(channel);
    return {
      details: { authmethods: ["cookie", "anonymous"] },
      answer: () => Promise.reject(new Error("nobody has said who they are")),
      check: () => undefined,
    };
  };

  watch(client: Pick<Client, "onState" | "session">): void {
    client.onState((status) => this.#stateChanged(client, status));
  }

  /** Tries with what a person has typed; what comes of it is told as a state. */
  submit(authid: string, secret: string): void {
    const offered = this.#state.kind === "needed" && this.#state.offered;
    this.#credentials = { authid, secret, ...(this.#context.confidential ? { ticket: secret } : {}) };
    this.#enter({ kind: "trying", offered });
    this.#gate.resolve();
    // there without a login: the client comes back by itself, with one
    if (offered) this.#transport?.abort(new Error("logging in"));
  }

  /** Asks for a name although the page is there without one. */
  offer(): void {
    this.#enter({ kind: "needed", words: "", offered: true });
  }

  /** Back to what the page may do without a login. */
  withdraw(client: Pick<Client, "session">): void {
    this.#joined(client);
  }

  /** Says goodbye so that the router forgets this browser too. */
  async logOut(client: Pick<Client, "close">): Promise<void> {
    this.#credentials = undefined;
    await client.close(LOGOUT);
  }

  #stateChanged(client: Pick<Client, "session">, { state, error }: ClientStatus): void {
    if (state === "restoring" || state === "ready") {
      if (this.#state.kind !== "needed") this.#joined(client);
      return;
    }
    if (state !== "waiting" || error === undefined) return;
    const tried = this.#credentials !== undefined;
    if (!(error instanceof ApplicationError)) {
      // a question that this page cannot answer will be the same the next time
      if (tried && error.message.startsWith(UNANSWERABLE)) this.#ask(sentence(plainText(error.message)));
      return;
    }
    if (!REFUSALS.has(error.uri)) return;
    const said = error.args.map(plainText).find((text) => text !== "" && text !== error.uri);
    this.#ask(tried ? refusalWords(error.uri, said) : "");
  }

  #ask(words: string): void {
    this.#credentials = undefined;
    this.#gate = withResolvers<void>();
    this.#enter({ kind: "needed", words, offered: false });
  }

  #joined({ session }: Pick<Client, "session">): void {
    const { authid, authrole, authmethod } = session?.details ?? {};
    const role = plainText(authrole);
    const without = role === "anonymous" ? "open" : "anonymous";
    this.#enter({ kind: "in", authid: plainText(authid), role, as: authmethod === "anonymous" ? without : "known" });
  }

  #enter(state: LoginState): void {
    this.#state = state;
    this.#context.changed(state);
  }
}

function refusalWords(uri: string, said: string | undefined): string {
  if (uri === ErrorUri.authenticationDenied && (said === undefined || said === "the credentials are wrong")) {
    return "The name or the secret is wrong.";
  }
  return said === undefined ? "The router did not let you in." : sentence(said);
}
