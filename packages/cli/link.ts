/** The client of one command, and how its failures become words and an exit status. */
import { ApplicationError, UsageError } from "@pinion/wamp";
import type { Client } from "@pinion/wamp/client";
import { withResolvers } from "@pinion/wamp/with-resolvers";
import { ConnectError, nodeClient } from "@pinion/client";
import { credentialsOf } from "./credential-options.ts";
import { CommandFailure, ExitStatus } from "./exit-status.ts";
import type { LinkOptions } from "./link-options.ts";
import { tlsOf } from "./tls-options.ts";

/** A client that is not open yet. @throws CommandFailure `usage` for an address or realm that can never work. */
export function makeClient(options: LinkOptions, reconnect: boolean): Client {
  try {
    return nodeClient(options.url, {
      realm: options.realm,
      agent: "pinion-cli",
      serializer: options.serializer,
      connectTimeout: options.connectTimeout,
      credentials: credentialsOf(options),
      tls: tlsOf(options, options.url),
      ...(reconnect ? {} : { reconnect: false }),
      onError: (error, where) => console.error(`pinion: ${where}: ${String(error)}`),
    });
  } catch (error) {
    throw asFailure(error);
  }
}

/** Opens, and resolves once ready. Rejects with CommandFailure `cannotConnect`, which says where, why and what to check. */
export async function untilReady(client: Client, options: LinkOptions): Promise<void> {
  const failed = withResolvers<never>();
  const stop = client.onState(({ state, error, cause }) => {
    if (state !== "waiting" && state !== "closed") return;
    failed.reject(cannotConnect(options, error, cause));
  });
  try {
    client.open();
    await Promise.race([client.ready(), failed.promise]);
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    throw cannotConnect(options, client.status.error ?? error, client.status.cause);
  } finally {
    stop();
  }
}

function cannotConnect(options: LinkOptions, error: unknown, cause: string | undefined): CommandFailure {
  if (error instanceof ConnectError)
    return new CommandFailure(ExitStatus.cannotConnect, error.message, { cause: error });
  if (error instanceof UsageError && error.code === "invalid_option") return asFailure(error);
  const words = cause ?? (error instanceof Error ? error.message : String(error));
  const text = `cannot join realm ${options.realm} at ${options.url}: ${words}; check --realm and what the router allows`;
  return new CommandFailure(ExitStatus.cannotConnect, text, { cause: error });
}

/** Any error as the end of a command. */
export function asFailure(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error;
  if (error instanceof ApplicationError) {
    const kwargs = Object.keys(error.kwargs).length > 0 ? ` ${JSON.stringify(error.kwargs)}` : "";
    return new CommandFailure(ExitStatus.applicationError, error.message + kwargs, { cause: error });
  }
  if (error instanceof UsageError) {
    const usage =
      error.code === "invalid_option" || error.code === "invalid_accounts" || error.code === "not_serializable";
    const status = usage ? ExitStatus.usage : ExitStatus.cannotConnect;
    return new CommandFailure(status, error.message, { cause: error });
  }
  if (error instanceof ConnectError)
    return new CommandFailure(ExitStatus.cannotConnect, error.message, { cause: error });
  const text = error instanceof Error ? error.message : String(error);
  return new CommandFailure(ExitStatus.applicationError, text, { cause: error });
}
