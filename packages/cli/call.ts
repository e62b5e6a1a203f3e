import { ApplicationError, ErrorUri } from "@pinion/wamp";
import type { CallResult } from "@pinion/wamp/client";
import { CommandFailure, ExitStatus } from "./exit-status.ts";
import { makeClient, untilReady } from "./link.ts";
import type { LinkOptions } from "./link-options.ts";
import { checkedUri, parseArgument, parseKwargs, toJson } from "./values.ts";

export interface CallCommandOptions extends LinkOptions {
  readonly kwargs?: string | undefined;
  /** ms */
  readonly timeout: number;
}

/** Calls, prints the result as one line of JSON, and says goodbye. */
export async function call(procedure: string, texts: readonly string[], options: CallCommandOptions): Promise<void> {
  checkedUri("procedure", procedure);
  const args = texts.map(parseArgument);
  const kwargs = parseKwargs(options.kwargs);
  const client = makeClient(options, false);
  try {
    await untilReady(client, options);
    console.log(resultJson(await client.call(procedure, args, kwargs, { timeout: options.timeout })));
  } catch (error) {
    throw unknownProcedure(procedure, error);
  } finally {
    await client.close();
  }
}

/** One value: that value. None: null. Several, or keyword arguments: both, by name. */
function resultJson({ args, kwargs }: CallResult): string {
  if (Object.keys(kwargs).length > 0 || args.length > 1) return toJson({ args, kwargs });
  return toJson(args[0] ?? null);
}

/** Another router's answer may have no words; what to check is known here. */
function unknownProcedure(procedure: string, error: unknown): unknown {
  if (!(error instanceof ApplicationError) || error.uri !== ErrorUri.noSuchProcedure) return error;
  const text = `${error.uri}: nobody has registered ${procedure}; is the device running, and is the name right?`;
  return new CommandFailure(ExitStatus.applicationError, text, { cause: error });
}
