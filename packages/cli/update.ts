/** `pinion update`: a release onto this board, or over the router onto another one, and the keys that releases are signed with. */
import { createHash } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { nodeCrypto, readCredentials } from "@pinion/client";
import {
  filesIn,
  parseManifest,
  readArtefact,
  readSignature,
  Refused,
  signatureText,
  signedOctets,
} from "@pinion/client/release";
import { type Command, Option } from "commander";
import { runDeviceProgram } from "./device-program.ts";
import { CommandFailure, ExitStatus } from "./exit-status.ts";
import { makeKeyFile } from "./key-file.ts";
import { type LinkOptions, withLinkOptions } from "./link-options.ts";
import { sendRelease } from "./send-release.ts";

interface UpdateOptions extends LinkOptions {
  readonly to?: string;
  readonly config?: string;
  readonly unsigned?: true;
  readonly package?: true;
  readonly wait: boolean;
}

export function addUpdateCommand(program: Command): void {
  const update = withLinkOptions(program.command("update").argument("[file]"))
    .description(
      "put a release onto this board, or with --to onto another one; what does not prove itself is taken back",
    )
    .option("--to <board>", "the id of a board at the router; the file has to be signed")
    .option("--no-wait", "with --to: do not wait until the release has proved itself")
    .option(
      "-c, --config <file>",
      "here: the board's configuration; default: ./board.yaml, then /etc/pinion/board.yaml",
    )
    .option("--unsigned", "here: take a release that nobody signed although the board has a key")
    .option("--package", "here: run the package's own program again")
    .action((file: string | undefined, options: UpdateOptions) => run(file, options));
  update
    .command("keygen")
    .argument("<file>")
    .description("make a key that releases are signed with; prints the public one, for update.publicKey of the boards")
    .action((file: string) => console.log(makeKeyFile(file)));
  update
    .command("sign")
    .argument("<file>")
    .description("sign a release that `npm run build` made: writes <file>.sig")
    .addOption(new Option("--key <file>", "the key, made by keygen").makeOptionMandatory())
    .action((file: string, { key }: { key: string }) => sign(file, key));
}

async function run(file: string | undefined, options: UpdateOptions): Promise<void> {
  const { to, config, unsigned, package: own, wait } = options;
  if (to === undefined) {
    const flags = [...(unsigned ? ["--unsigned"] : []), ...(own ? ["--package"] : [])];
    const named = config === undefined ? [] : ["--config", config];
    return runDeviceProgram(["update", ...(file === undefined ? [] : [file]), ...flags, ...named]);
  }
  if (file === undefined) throw new CommandFailure(ExitStatus.usage, "which file? pinion update --to <board> <file>");
  if (!existsSync(file)) throw new CommandFailure(ExitStatus.usage, `${file} is not there`);
  await told(async () => {
    const artefact = await readArtefact(file);
    const signature = await readSignature(file);
    if (signature === undefined) {
      throw new CommandFailure(
        ExitStatus.usage,
        `${file}.sig is not there: sign it with pinion update sign ${file} --key <file>`,
      );
    }
    await sendRelease({ file, artefact, signature, board: to, wait }, options);
  });
}

/** Every file of it is looked at first: what is damaged must not be signed. */
async function sign(file: string, key: string): Promise<void> {
  const { seed } = readCredentials({ keyFile: key });
  if (seed === undefined) throw new CommandFailure(ExitStatus.usage, `${key} holds no key`);
  await told(async () => {
    const artefact = await readArtefact(file);
    const { name, version, target, files } = parseManifest(artefact.manifest);
    const seen = new Set<string>();
    for await (const { path, sha256, octets } of filesIn(file, artefact)) {
      const hash = createHash("sha256");
      for await (const piece of octets) hash.update(piece);
      if (hash.digest("hex") !== sha256)
        throw new Refused("corrupt", `${path} is not as the manifest says`, "build it again");
      seen.add(path);
    }
    const missing = files.find(({ path }) => !seen.has(path));
    if (missing !== undefined) throw new Refused("corrupt", `${missing.path} is missing`, "build it again");
    writeFileSync(`${file}.sig`, signatureText(nodeCrypto.ed25519Sign(seed, signedOctets(artefact.manifest))));
    console.error(`signed ${name} ${version} for ${target}: ${file}.sig`);
  });
}

async function told(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    throw new CommandFailure(ExitStatus.usage, `${error.message}: ${error.cure}`, { cause: error });
  }
}
