/** `pinion flash`: prepares a freshly written card, so that the board installs itself at its first start. */
import { type Command, Option } from "commander";
import type { FlashOptions } from "./flash/flash-card.ts";

export function addFlashCommand(program: Command): void {
  program
    .command("flash")
    .description(
      "prepare a freshly written Raspberry Pi OS card or image: at its first start the board installs Pinion with this configuration, without a network",
    )
    .addOption(new Option("--boot <folder>", "the card's boot partition, mounted").conflicts("image"))
    .option("--image <file>", "or an image's file, unpacked; needs mtools")
    .addOption(new Option("-c, --config <file>", "the board's configuration").default("board.yaml"))
    .option("--credentials <folder>", "where the files are that the configuration names; default: beside it")
    .option("--package <file>", "the Debian package; default: the one that `npm run build -- --with-node` has left")
    .option("--hostname <name>", "what the board is called in the network")
    .option("--ssh-key <file>", "public key that may log in as the card's first user")
    .option("--node-on-card", "the card's system has nodejs 20 or newer, so a package that brings none will do")
    .option("--dry-run", "say what would be written, and write nothing")
    .action(async (options: FlashOptions) => {
      const { flashCard } = await import("./flash/flash-card.ts");
      flashCard(options);
    });
}
