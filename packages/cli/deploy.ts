/** `pinion deploy`: Pinion onto a board that runs, over ssh. */
import { type Command, Option } from "commander";
import type { DeployOptions } from "./deploy/deploy-board.ts";
import { positiveInteger } from "./link-options.ts";

export function addDeployCommand(program: Command): void {
  program
    .command("deploy")
    .argument("<board>", "where to log in by ssh: pi@greenhouse.local, or a name of your ssh configuration")
    .description(
      "install Pinion with this configuration on a board that runs, or bring it up to date, over ssh; the board needs no internet",
    )
    .addOption(new Option("-c, --config <file>", "the board's configuration").default("board.yaml"))
    .option("--credentials <folder>", "where the files are that the configuration names; default: beside it")
    .option("--package <file>", "the Debian package; default: the one for the board that `npm run build` has left")
    .option("--hostname <name>", "what the board is to be called in the network")
    .option("--ssh-key <file>", "private key to log in with; default: as ssh is configured")
    .addOption(new Option("--port <n>", "of the board's ssh; default: as ssh is configured").argParser(positiveInteger))
    .option("--sudo-password-file <file>", "where sudo asks for a password and there is no terminal: its first line")
    .addOption(new Option("--wait <s>", "for the board to join its router").argParser(positiveInteger).default(120))
    .option("--no-wait", "do not wait for that")
    .option("--dry-run", "look at the board, say what would be done, and change nothing")
    .action(async (board: string, options: DeployOptions) => {
      const { deployBoard } = await import("./deploy/deploy-board.ts");
      await deployBoard(board, options);
    });
}
