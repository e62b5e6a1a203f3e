/** The command `pinion`. Results go to stdout, everything else to stderr. */
import { Command, CommanderError, Option } from "commander";
import { addAuthCommands } from "./auth.ts";
import { addCreateCommand } from "./create.ts";
import { call, type CallCommandOptions } from "./call.ts";
import { addConfigCommand } from "./config.ts";
import { addDeployCommand } from "./deploy.ts";
import { addDoctorCommand } from "./doctor.ts";
import { addEnrollCommand } from "./enroll.ts";
import { addDriverCommands } from "./driver.ts";
import { ExitStatus } from "./exit-status.ts";
import { addFlashCommand } from "./flash.ts";
import { addInitCommand } from "./init.ts";
import { asFailure } from "./link.ts";
import { positiveInteger, withLinkOptions } from "./link-options.ts";
import { publish, type PublishCommandOptions } from "./publish.ts";
import { addUpdateCommand } from "./update.ts";
import { subscribe, type SubscribeCommandOptions } from "./subscribe.ts";
import { VERSION } from "./version.ts";

const KWARGS = new Option("--kwargs <json>", "keyword arguments as a JSON object");

function pinion(): Command {
  const program = new Command("pinion")
    .description(
      "Call, publish and subscribe at a WAMP router, and keep its accounts. Arguments are JSON where they parse as such, else text.",
    )
    .version(VERSION)
    .showHelpAfterError("(--help shows how)")
    .exitOverride();
  withLinkOptions(program.command("call").argument("<procedure>").argument("[args...]"))
    .description("call a procedure and print its result as JSON")
    .addOption(KWARGS)
    .addOption(new Option("--timeout <ms>", "limit on the answer").argParser(positiveInteger).default(30_000))
    .action((procedure: string, args: string[], options: CallCommandOptions) => call(procedure, args, options));
  withLinkOptions(program.command("publish").argument("<topic>").argument("[args...]"))
    .description("publish one event and wait until the broker has it")
    .addOption(KWARGS)
    .action((topic: string, args: string[], options: PublishCommandOptions) => publish(topic, args, options));
  withLinkOptions(program.command("subscribe").argument("<pattern>"))
    .description("print events of a topic, of a prefix ('sensor.*') or of a wildcard (sensor..t)")
    .addOption(new Option("--count <n>", "end after so many events").argParser(positiveInteger))
    .option("--json", "print whole events as JSON, one a line")
    .option("--wait", "wait for the router if it is not there yet")
    .addOption(
      new Option(
        "--from <where>",
        "readings that were missed too, each once, and what is lost. last: after the last one printed; start: all that the boards keep",
      ).choices(["last", "start"]),
    )
    .option("--cursor <file>", "with --from: where to keep what was printed last")
    .action((pattern: string, options: SubscribeCommandOptions) => subscribe(pattern, options));
  addAuthCommands(program);
  addDeployCommand(program);
  addDoctorCommand(program);
  addEnrollCommand(program);
  addUpdateCommand(program);
  addConfigCommand(program);
  addCreateCommand(program);
  addDriverCommands(program);
  addFlashCommand(program);
  addInitCommand(program);
  for (const command of program.commands) for (const one of [command, ...command.commands]) one.exitOverride();
  return program;
}

async function run(argv: readonly string[]): Promise<void> {
  try {
    await pinion().parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError) {
      // It has said on stderr what is wrong; exit code 0 is --help.
      process.exitCode = error.exitCode === 0 ? ExitStatus.done : ExitStatus.usage;
      return;
    }
    const failure = asFailure(error);
    // Words of a stranger must not steer the terminal.
    console.error(`pinion: ${failure.message.replaceAll(/\p{Cc}/gu, " ")}`);
    process.exitCode = failure.status;
  }
}

void run(process.argv);
