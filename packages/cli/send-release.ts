/**
 * A release on its way to a board, over the router: only what the board has not, in pieces, and from where it was when the link or
 * the board went away. Then waits until the board says that it has proved itself.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { deflateRawSync } from "node:zlib";
import { type Artefact, filesIn, parseManifest, Refused } from "@pinion/client/release";
import { ApplicationError } from "@pinion/wamp";
import type { Client } from "@pinion/wamp/client";
import { boardPrefix, callBoard } from "./board-procedures.ts";
import { CommandFailure, ExitStatus } from "./exit-status.ts";
import { makeClient, untilReady } from "./link.ts";
import type { LinkOptions } from "./link-options.ts";

export interface Sending {
  readonly file: string;
  readonly artefact: Artefact;
  readonly signature: Uint8Array;
  readonly board: string;
  readonly wait: boolean;
}

/** How often a lost link or a board that starts anew is borne with. */
const TRIES = 30;
/** ms between two tries, and two looks at the board. */
const PAUSE = 2_000;
/** ms for a release to prove itself: its ten minutes, three starts, and some. */
const PROOF_LIMIT = 2_400_000;
/** Octets of a piece: small enough for slow links, where each has to get through in time. */
const PIECE = 131_072;

export async function sendRelease(sending: Sending, options: LinkOptions): Promise<void> {
  const client = makeClient({ ...options, serializer: options.serializer ?? "msgpack" }, true);
  try {
    await untilReady(client, options);
    const prefix = await boardPrefix(client, sending.board);
    await untilSent(client, prefix, sending);
    if (sending.wait) await untilProved(client, prefix, parseManifest(sending.artefact.manifest).version);
  } finally {
    await client.close();
  }
}

async function untilSent(client: Client, prefix: string, sending: Sending): Promise<void> {
  let hasBegun = false;
  for (let tries = 1; ; tries += 1) {
    try {
      return await send(client, prefix, sending, () => (hasBegun = true));
    } catch (error) {
      // later it is the board that starts anew
      const isNotOffered = !hasBegun && error instanceof CommandFailure;
      if (isFinal(error) || isNotOffered || tries === TRIES) throw error;
      console.error(`pinion: ${error instanceof Error ? error.message : String(error)}; goes on where it was`);
      await sleep(PAUSE);
      await client.ready(AbortSignal.timeout(600_000));
    }
  }
}

/** What the board itself says no to is not tried again; the rest is a link or a board that is away for a moment. */
function isFinal(error: unknown): boolean {
  if (error instanceof ApplicationError) {
    const { uri } = error;
    return uri.startsWith("pinion.error.")
      ? !/\.(corrupt|nothing_pending|closed)$/.test(uri)
      : /not_authorized|invalid/.test(uri);
  }
  return error instanceof Refused;
}

interface Begun {
  readonly version: string;
  readonly wanted: readonly { readonly sha256: string; readonly size: number; readonly offset: number }[];
  readonly piece: number;
}

async function send(client: Client, prefix: string, sending: Sending, onBegun: () => void): Promise<void> {
  const { file, artefact, signature } = sending;
  const begun = await callBoard(client, `${prefix}update.begin`, [artefact.manifest, signature]);
  onBegun();
  const { wanted, piece, version } = begun as Begun; // as the board's README has it
  const offsets = new Map(wanted.map(({ sha256, offset }) => [sha256, offset]));
  const whole = wanted.reduce((sum, { size, offset }) => sum + size - offset, 0);
  const progress = new Progress(version, whole);
  for await (const { sha256, octets } of filesIn(file, artefact)) {
    const from = offsets.get(sha256);
    if (from === undefined) continue;
    offsets.delete(sha256);
    for await (const { at, part } of piecesFrom(octets, from, Math.min(piece, PIECE))) {
      const packed = deflateRawSync(part);
      const isSmaller = packed.length < part.length;
      const args = [sha256, at, isSmaller ? packed : part];
      const next = await callBoard(client, `${prefix}update.write`, args, { deflated: isSmaller });
      if (next !== at + part.length)
        throw new Error(`the board is at ${String(next)} of a file, not at ${at + part.length}`);
      progress.add(part.length);
    }
  }
  progress.end();
  await callBoard(client, `${prefix}update.finish`, []);
  console.error(`release ${version} is in place; the board starts anew with it, on trial`);
}

/** Equal pieces of a file from an octet on. */
async function* piecesFrom(
  octets: AsyncIterable<Uint8Array>,
  from: number,
  length: number,
): AsyncGenerator<{ readonly at: number; readonly part: Uint8Array }> {
  let held = Buffer.alloc(0);
  let at = from;
  let skip = from;
  for await (const some of octets) {
    const rest = some.subarray(Math.min(skip, some.length));
    skip -= some.length - rest.length;
    held = Buffer.concat([held, rest]);
    while (held.length >= length) {
      yield { at, part: held.subarray(0, length) };
      held = held.subarray(length);
      at += length;
    }
  }
  if (held.length > 0) yield { at, part: held };
}

class Progress {
  readonly #version: string;
  readonly #whole: number;
  #done = 0;
  #told = -1;

  constructor(version: string, whole: number) {
    this.#version = version;
    this.#whole = whole;
    console.error(
      whole === 0 ? `the board has all of release ${version}` : `${kib(whole)} of release ${version} to send`,
    );
  }

  add(octets: number): void {
    this.#done += octets;
    const percent = Math.floor((this.#done / this.#whole) * 100);
    const { isTTY } = process.stderr;
    if (percent - this.#told < (isTTY ? 1 : 20)) return;
    this.#told = percent;
    const words = `${this.#version}: ${percent} %, ${kib(this.#done)} of ${kib(this.#whole)}`;
    process.stderr.write(isTTY ? `\r${words}` : `${words}\n`);
  }

  end(): void {
    if (process.stderr.isTTY && this.#whole > 0) process.stderr.write("\n");
  }
}

function kib(octets: number): string {
  return `${Math.ceil(octets / 1024)} KiB`;
}

interface Status {
  readonly version: string;
  readonly onTrial: boolean;
  readonly rolledBack?: { readonly version: string; readonly reason: string };
}

/** Looks every few seconds: the board is away for a moment, and the link may be too. */
async function untilProved(client: Client, prefix: string, version: string): Promise<void> {
  let told = "";
  for (const end = Date.now() + PROOF_LIMIT; Date.now() < end; await sleep(PAUSE)) {
    const answer = await callBoard(client, `${prefix}update.status`, []).catch(() => undefined);
    if (answer === undefined) continue;
    const { version: running, onTrial, rolledBack } = answer as Status; // as the board's README has it
    if (rolledBack?.version === version) {
      const words = `release ${version} was taken back, ${running} runs: ${rolledBack.reason}`;
      throw new CommandFailure(ExitStatus.applicationError, words);
    }
    if (running !== version) continue;
    if (!onTrial) {
      console.error(`release ${version} has proved itself`);
      return;
    }
    if (told === "") console.error((told = `release ${version} runs, on trial`));
  }
  throw new CommandFailure(
    ExitStatus.applicationError,
    `the board did not say within ${PROOF_LIMIT / 60_000} minutes how release ${version} does`,
  );
}
