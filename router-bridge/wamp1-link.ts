/**
 * A WebSocket that speaks WAMP v1, seen by the router as a link of v2 in JSON. Owns the socket's link, the time within which
 * its client has to log in, and the one v2 link that stands behind it; each try to log in has a link of its own, because a v2
 * session ends with a login that failed. What the messages mean is known to `wamp1/` alone.
 */
import { randomBytes } from "node:crypto";
import { ProtocolViolation } from "@pinion/wamp";
import { serializers } from "@pinion/wamp/serializer";
import { Encoded } from "./encoded.ts";
import { Intake, type IntakeContext, type Rate, WORK_OF_MESSAGE } from "./intake.ts";
import type { Farewell, Link, LinkHandlers } from "./link.ts";
import { Session, type Flavour, type Joined, type SessionParts } from "./wamp1/index.ts";
import { expectWamp1Login } from "./wamp1-login.ts";

export interface Wamp1Options extends Omit<SessionParts, "ownId" | "sessionId" | "ports"> {
  readonly flavour: Flavour;
  /** A router elsewhere speaks: what it says is checked before it is looked at. */
  readonly isRelayed: boolean;
  /** Octets of one message received. */
  readonly maxMessage: number;
  /** Milliseconds until a session has to be open. */
  readonly loginTimeout: number;
  /** v2 session ids by those that v1 clients were told; of all connections. */
  readonly ids: Map<string, number>;
  /** Makes a v2 link a peer. */
  readonly accept: (link: Link) => void;
  readonly intake: IntakeContext;
  /** Of a role, or of who has none yet. Every message counts, also those that the router never sees. */
  readonly rate: ((role: string | undefined) => Rate | undefined) | undefined;
}

/** Answers of the adapter itself that may wait for a client; beyond it the client is not read. */
const PRESSING_OCTETS = 262_144;
/** The ids of v2 sessions are taken as they are, too. */
function v2Id(text: string): number | undefined {
  const id = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : 0;
  return id > 0 && Number.isSafeInteger(id) ? id : undefined;
}

export class Wamp1Link {
  readonly #link: Link;
  readonly #options: Wamp1Options;
  readonly #session: Session;
  readonly #ownId = randomBytes(12).toString("base64url");
  #toldId: string | undefined;
  #behind: LinkBehind | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #intake: Intake;
  /** Why the client is not read. */
  readonly #heldFor = new Set<"router" | "answers" | "intake">();
  #intakeHolds = 0;
  #decoder = new TextDecoder();

  constructor(link: Link, options: Wamp1Options) {
    this.#link = link;
    this.#options = options;
    const { ids, intake, rate } = options;
    this.#intake = new Intake({ hold: () => this.#rest(1), release: () => this.#rest(-1) }, intake);
    this.#intake.limit(rate?.(undefined));
    this.#session = new Session({
      ...options,
      ownId: this.#ownId,
      sessionId: (id) => ids.get(id) ?? v2Id(id),
      ports: {
        toClient: (text) => this.#toClient(text),
        open: () => this.#open(),
        toRouter: (text) => this.#behind?.say(text),
        close: (code, words) => link.close({ code, words }),
        onJoined: (joined) => this.#joined(joined),
      },
    });
  }

  start(): void {
    const link = this.#link;
    link.start({
      onMessage: (octets) => this.#receive(octets),
      onViolation: () => link.close({ code: 1003, words: "WAMP v1 travels in text messages, a binary one came" }),
      onDrain: () => this.#drained(),
      onClose: (words) => this.#ended(words),
    });
    const { loginTimeout } = this.#options;
    this.#timer = setTimeout(() => {
      link.close({ code: 1008, words: `no session was open after ${String(loginTimeout)} ms` });
    }, loginTimeout);
    this.#session.start();
  }

  #receive(octets: Uint8Array): void {
    const { maxMessage } = this.#options;
    if (octets.length > maxMessage) {
      return this.#link.close({ code: 1009, words: `a message takes ${String(maxMessage)} octets at most` });
    }
    this.#session.fromClient(this.#decoder.decode(octets));
    this.#intake.took(WORK_OF_MESSAGE);
  }

  #toClient(text: string): void {
    const free = this.#link.send(new Encoded(Buffer.from(text), serializers.json));
    if (this.#behind !== undefined && !free) this.#behind.wasFull = true;
    // for what the router says its own bounds hold
    if (free || this.#behind?.isTold === true || this.#link.bufferedAmount < PRESSING_OCTETS) return;
    this.#hold("answers", true);
  }

  #drained(): void {
    this.#hold("answers", false);
    this.#behind?.handlers?.onDrain();
  }

  #rest(change: 1 | -1): void {
    this.#intakeHolds += change;
    this.#hold("intake", this.#intakeHolds > 0);
  }

  #open(): void {
    // a fact of its own for each try: it is what the login is known by
    const info = { ...this.#link.info };
    expectWamp1Login(info, { flavour: this.#options.flavour, sessionId: this.#ownId });
    const behind = new LinkBehind(info, {
      front: this.#link,
      fromRouter: (octets) => this.#fromRouter(octets),
      hold: (isHeld) => this.#hold("router", isHeld),
      survives: () => this.#session.survives,
      isPresent: () => this.#behind === behind,
    });
    this.#hold("router", false);
    this.#behind?.end("another login was begun");
    this.#behind = behind;
    this.#options.accept(behind);
  }

  #fromRouter(octets: Uint8Array): void {
    try {
      if (this.#options.isRelayed) serializers.json.parse(octets);
    } catch (fault) {
      if (!(fault instanceof ProtocolViolation)) throw fault;
      return this.#link.close({
        code: 1014,
        words: `the router behind this relay broke the protocol: ${fault.message}`,
      });
    }
    this.#session.fromRouter(Buffer.from(octets).toString());
  }

  #hold(reason: "router" | "answers" | "intake", isHeld: boolean): void {
    const held = this.#heldFor;
    const wasFree = held.size === 0;
    if (isHeld) held.add(reason);
    else held.delete(reason);
    if (wasFree && held.size > 0) this.#link.pause();
    if (!wasFree && held.size === 0) this.#link.resume();
  }

  #joined({ v1Id, v2Id, role }: Joined): void {
    clearTimeout(this.#timer);
    this.#toldId = v1Id;
    this.#options.ids.set(v1Id, v2Id);
    this.#intake.limit(this.#options.rate?.(role));
  }

  #ended(words: string): void {
    clearTimeout(this.#timer);
    if (this.#toldId !== undefined) this.#options.ids.delete(this.#toldId);
    this.#behind?.end(words);
    this.#behind = undefined;
  }
}

interface Front {
  readonly front: Link;
  readonly fromRouter: (octets: Uint8Array) => void;
  readonly hold: (isHeld: boolean) => void;
  /** The client stays when this link ends. */
  readonly survives: () => boolean;
  /** No later try has taken this one's place. */
  readonly isPresent: () => boolean;
}

/** What the router holds for the client's link. */
class LinkBehind implements Link {
  readonly serializer = serializers.json;
  readonly maxSend = Number.POSITIVE_INFINITY;
  readonly info: Link["info"];
  readonly #front: Front;
  handlers: LinkHandlers | undefined;
  /** What was sent last went over the client's mark. */
  wasFull = false;
  /** The router is speaking. */
  isTold = false;
  #ended = false;
  #later: string[] = [];

  constructor(info: Link["info"], front: Front) {
    this.info = info;
    this.#front = front;
  }

  get bufferedAmount(): number {
    return this.#front.front.bufferedAmount;
  }

  start(handlers: LinkHandlers): void {
    this.handlers = handlers;
  }

  /** To the router. What arises while the router speaks comes after it has finished. */
  say(text: string): void {
    if (this.#ended) return;
    if (!this.isTold && this.#later.length === 0) return this.handlers?.onMessage(Buffer.from(text));
    this.#later.push(text);
    if (this.#later.length === 1) setImmediate(() => this.#sayLater());
  }

  send(encoded: Encoded): boolean {
    if (this.#ended || !this.#front.isPresent()) return true;
    this.wasFull = false;
    this.isTold = true;
    try {
      this.#front.fromRouter(encoded.octets);
    } finally {
      this.isTold = false;
    }
    return !this.wasFull;
  }

  pause(): void {
    if (this.#front.isPresent()) this.#front.hold(true);
  }

  resume(): void {
    if (this.#front.isPresent()) this.#front.hold(false);
  }

  close(farewell: Farewell): void {
    if (this.#front.isPresent() && !this.#front.survives()) return this.#front.front.close(farewell);
    setImmediate(() => this.end(farewell.words));
  }

  abort(words: string): void {
    if (this.#front.isPresent() && !this.#front.survives()) return this.#front.front.abort(words);
    setImmediate(() => this.end(words));
  }

  /** It is gone. */
  end(words: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.handlers?.onClose(words);
  }

  #sayLater(): void {
    const texts = this.#later;
    this.#later = [];
    for (const text of texts) if (!this.#ended) this.handlers?.onMessage(Buffer.from(text));
  }
}
