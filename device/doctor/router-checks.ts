/**
 * The router as the board will meet it: reached, joined with the board's own credentials, and each thing that the board does asked
 * for once. A board that runs does not notice: what it has registered is not taken from it, nobody receives what is published here,
 * and what is registered is given back at once.
 */
import { ConnectError, nodeClient } from "@pinion/client";
import { ApplicationError } from "@pinion/wamp";
import type { Client } from "@pinion/wamp/client";
import { withResolvers } from "@pinion/wamp/with-resolvers";
import { proceduresIn } from "../actions.ts";
import type { BoardConfig } from "../board-config.ts";
import { ANNOUNCE, DISCOVER } from "../naming.ts";
import { roleCure } from "../role-cure.ts";
import { urlsOf } from "../router-options.ts";
import { error, ok, warning, type Finding } from "./finding.ts";

/** ms for each step. */
const PATIENCE = 5_000;

export async function checkRouter(board: BoardConfig): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const url of urlsOf(board.config.router.url)) findings.push(...(await checkOne(url, board)));
  return findings;
}

async function checkOne(url: string, board: BoardConfig): Promise<readonly Finding[]> {
  const { realm } = board.config.router;
  const client = nodeClient(url, {
    ...board.router.options,
    agent: "pinion-doctor",
    reconnect: false,
    connectTimeout: PATIENCE,
    onError: () => undefined,
  });
  try {
    await joined(client);
  } catch (caught) {
    await client.close();
    if (caught instanceof ConnectError) {
      const [words = caught.message, cure = "is the router running?"] = caught.message.split("; ");
      return [error("router", words, `${cure.charAt(0).toUpperCase()}${cure.slice(1)}`)];
    }
    const cause = client.status.cause ?? (caught instanceof Error ? caught.message : String(caught));
    const cure =
      "Correct router.realm and router.auth, or add the account at the router: `pinion auth add <authid> --role single-device`, in a fleet --role device.";
    return [error("router", `${url} answers, and realm ${realm} cannot be joined: ${cause}`, cure)];
  }
  const { authid, authrole } = client.session?.details ?? {};
  const who = `${typeof authid === "string" ? authid : "nobody"}, role ${typeof authrole === "string" ? authrole : "unknown"}`;
  try {
    return [ok("router", `${url}: joined realm ${realm} as ${who}`), ...(await permissions(client, board, who))];
  } finally {
    await client.close();
  }
}

/** Rejects with why it cannot be joined. */
async function joined(client: Client): Promise<void> {
  const failed = withResolvers<never>();
  const timer = setTimeout(() => failed.reject(new Error("no answer within 10 s")), 2 * PATIENCE);
  const stop = client.onState(({ state, error, cause }) => {
    if (state === "waiting" || state === "closed") failed.reject(error ?? new Error(cause ?? "the router ended it"));
  });
  try {
    client.open();
    await Promise.race([client.ready(), failed.promise]);
  } finally {
    clearTimeout(timer);
    stop();
  }
}

async function permissions(client: Client, board: BoardConfig, who: string): Promise<readonly Finding[]> {
  const { naming, drivers } = board;
  const own = (["describe", "health", "history"] as const).map((name) => naming.own(name));
  const actions = drivers.flatMap(({ description }) =>
    proceduresIn(description).map((action) => naming.procedure(description.kind, action)),
  );
  const streams = drivers.flatMap(({ description }) =>
    description.channels.flatMap((channel) => Object.keys(channel.streams)),
  );
  const topics = [...streams.map((stream) => naming.topic(stream)), ANNOUNCE, naming.own("health")];
  const asked: Asked[] = [
    ...[...new Set([...own, ...actions])].map((uri) => ({ what: "register", uri, ask: () => register(client, uri) })),
    ...[...new Set(topics)].map((uri) => ({ what: "publish", uri, ask: () => publish(client, uri) })),
    { what: "subscribe to", uri: DISCOVER, ask: () => subscribe(client, DISCOVER) },
  ];
  const optional = {
    what: "subscribe to",
    uri: "wamp.session.on_leave",
    ask: () => subscribe(client, "wamp.session.on_leave"),
  };
  const refused = await refusals(asked);
  const leases = await refusals([optional]);
  const cure = roleCure(client.session?.details ?? {}, board.naming);
  const ways = new Map<string, string[]>();
  for (const { what, uri, why } of refused) {
    const way = `${what}\n${why}`;
    ways.set(way, [...(ways.get(way) ?? []), uri]);
  }
  const findings = [...ways].map(([way, uris]) => {
    const [what = "", why = ""] = way.split("\n");
    return error("permissions", `${who} may not ${what} ${uris.join(", ")}: ${why}`, cure);
  });
  for (const { uri, why } of leases)
    findings.push(
      warning(
        "permissions",
        `${who} may not subscribe to ${uri}: ${why}; leases end by their time only`,
        "Allow it to that role at the router.",
      ),
    );
  if (refused.length === 0)
    findings.push(
      ok(
        "permissions",
        `${who} may register ${String(asked.filter(({ what }) => what === "register").length)} procedures and publish on ${String(new Set(topics).size)} topics: each was tried`,
      ),
    );
  return findings;
}

interface Asked {
  readonly what: string;
  readonly uri: string;
  readonly ask: () => Promise<void>;
}

async function refusals(asked: readonly Asked[]): Promise<readonly (Asked & { readonly why: string })[]> {
  const refused: (Asked & { readonly why: string })[] = [];
  for (const one of asked) {
    try {
      await one.ask();
    } catch (caught) {
      refused.push({ ...one, why: caught instanceof ApplicationError ? caught.uri : String(caught) });
    }
  }
  return refused;
}

/** That somebody holds it already is told only to those who may: it is the board, or another one. */
async function register(client: Client, uri: string): Promise<void> {
  try {
    const registration = await client.register(uri, () => {
      throw new ApplicationError("wamp.error.unavailable", ["The doctor is looking at this board. Try again."]);
    });
    await registration.unregister();
  } catch (caught) {
    if (!(caught instanceof ApplicationError) || caught.uri !== "wamp.error.procedure_already_exists") throw caught;
  }
}

async function publish(client: Client, uri: string): Promise<void> {
  // an empty list of the eligible lets nobody receive it
  await client.publish(uri, [], {}, { acknowledge: true, eligible: [] });
}

async function subscribe(client: Client, uri: string): Promise<void> {
  const subscription = await client.subscribe(uri, () => undefined);
  await subscription.unsubscribe();
}
