/**
 * A new release for this board, however it comes: judged by its manifest and who signed it before any of it is kept, put beside the
 * others, tried with the board's configuration, and switched to. Nothing here stops or starts the board.
 */
import { execFile } from "node:child_process";
import { join, resolve } from "node:path";
import { compareVersions } from "./compare-versions.ts";
import { Incoming, MAX_PIECE, type Wanted } from "./incoming.ts";
import { nodeReleaseDisk, type ReleaseDisk } from "./release-disk.ts";
import { parseManifest, Refused, signedOctets, type ReleaseManifest } from "@pinion/client/release";
import { ReleaseStore } from "./release-store.ts";

const PROGRAM = "pinion-device";
/** ms for a release to say that it can read the configuration. */
const CHECK_LIMIT = 60_000;

export interface UpdatesContext {
  /** The state directory. */
  readonly root: string;
  /** The folder and version of the package. */
  readonly packageFolder: string;
  readonly packageVersion: string;
  /** The version that runs. */
  readonly running: string;
  /** linux-arm64 and the like. */
  readonly target: string;
  /** Those of the Node that runs here. */
  readonly abi: string;
  readonly configFile: string;
  readonly downgrade: boolean;
  /** Whether this is a signature of somebody who may make releases for this board; undefined where there is no such key. */
  readonly isSigned: ((message: Uint8Array, signature: Uint8Array) => boolean) | undefined;
  readonly disk?: ReleaseDisk;
}

export interface Begun {
  readonly version: string;
  readonly wanted: readonly Wanted[];
  /** Octets of a piece, at most. */
  readonly piece: number;
}

export class Updates {
  readonly #context: UpdatesContext;
  readonly #disk: ReleaseDisk;
  readonly #store: ReleaseStore;
  #incoming: Incoming | undefined;
  #work: Promise<unknown> = Promise.resolve();

  constructor(context: UpdatesContext) {
    this.#context = context;
    this.#disk = context.disk ?? nodeReleaseDisk(context.root);
    this.#store = new ReleaseStore(this.#disk);
  }

  /** `signature`: 64 octets; undefined: nobody vouches for it, which only somebody at the board may allow. @throws Refused */
  begin(manifestOctets: Uint8Array, signature: Uint8Array | undefined): Promise<Begun> {
    return this.#inTurn(async () => {
      const manifest = parseManifest(manifestOctets);
      if (signature !== undefined) this.#refuseUnsigned(manifestOctets, signature);
      await this.#refuseUnfit(manifest);
      await this.#disk.makeDirectory("releases");
      await this.#store.prune();
      this.#incoming = await Incoming.begin(manifest, manifestOctets, {
        disk: this.#disk,
        store: this.#store,
        root: this.#context.root,
        others: [this.#context.packageFolder],
      });
      return { version: manifest.version, wanted: this.#incoming.wanted, piece: MAX_PIECE };
    });
  }

  /** Answers where to go on. @throws Refused */
  write(sha256: string, offset: number, piece: Uint8Array): Promise<number> {
    return this.#inTurn(() => this.#begun().write(sha256, offset, piece));
  }

  /** The release is whole, can read the configuration, and is what the next start runs. @throws Refused */
  finish(mustJoin: boolean): Promise<string> {
    return this.#inTurn(async () => {
      const incoming = this.#begun();
      const { version } = incoming.manifest;
      const folder = await incoming.finish();
      this.#incoming = undefined;
      await this.#refuseUnable(resolve(this.#context.root, folder));
      await this.#store.switchTo(version, { mustJoin, baseline: this.#context.packageVersion });
      return version;
    });
  }

  async abort(): Promise<void> {
    await this.#inTurn(async () => {
      this.#incoming = undefined;
      await this.#disk.remove("incoming");
    });
  }

  /** Back to the package's own program. */
  async leave(): Promise<void> {
    await this.#inTurn(() => this.#store.leave());
  }

  #begun(): Incoming {
    if (this.#incoming !== undefined) return this.#incoming;
    throw new Refused("nothing_pending", "no update is under way", "begin one, or begin it again after a restart");
  }

  /** One after the other: two senders must not write into one release. */
  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const done = this.#work.then(run, run);
    this.#work = done.catch(() => undefined);
    return done;
  }

  #refuseUnsigned(manifest: Uint8Array, signature: Uint8Array): void {
    const isSigned = this.#context.isSigned?.(signedOctets(manifest), signature);
    if (isSigned === true) return;
    const what =
      isSigned === undefined
        ? "the board knows no key that releases have to be signed with"
        : "the signature is not by the key of this board, or not of this release";
    throw new Refused("bad_signature", what, "sign it with `pinion update sign`; update.publicKey is the board's key");
  }

  async #refuseUnfit({ name, version, target, abis, files }: ReleaseManifest): Promise<void> {
    const { target: own, running, downgrade, abi } = this.#context;
    if (name !== PROGRAM || target !== own) {
      const what = `it is ${name} for ${target}, this board runs ${PROGRAM} for ${own}`;
      throw new Refused("wrong_target", what, `take ${PROGRAM}-<version>-${own}.tar.gz`);
    }
    const hasNode = files.some(({ path }) => path === "node/bin/node");
    if (!hasNode && abis.length > 0 && !abis.includes(abi)) {
      const what = `its addons are for the Node ABI ${abis.join(", ")}, the Node here has ${abi}`;
      throw new Refused("wrong_target", what, "build it with --with-node, or for that Node");
    }
    const order = compareVersions(version, running);
    if (version === running || (order < 0 && !downgrade)) {
      const what = version === running ? `version ${version} runs already` : `${version} is older than ${running}`;
      throw new Refused("not_newer", what, "give the build a later version, or set update.downgrade: true");
    }
    const trying = await this.#store.onTrial();
    if (trying === undefined) return;
    throw new Refused("busy", `release ${trying} is on trial`, "wait until it has proved itself or is taken back");
  }

  /** Better to hear it from the new program now than from a board that does not come back. */
  async #refuseUnable(folder: string): Promise<void> {
    const args = ["--config", this.#context.configFile, "--check"];
    const words = await new Promise<string | undefined>((done) => {
      execFile(join(folder, "start"), args, { timeout: CHECK_LIMIT }, (error, _, stderr) => {
        done(error === null ? undefined : `${error.message}\n${stderr}`.slice(0, 2_000));
      });
    });
    if (words === undefined) return;
    await this.#disk.remove(folder);
    throw new Refused("does_not_start", `the release cannot run here: ${words}`, "nothing was changed; mend it");
  }
}
