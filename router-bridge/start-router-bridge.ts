/** The router-bridge inside another program. */
import { formatProblems } from "@pinion/config";
import { Bridge } from "./bridge.ts";
import { BridgeError } from "./bridge-error.ts";
import { callbackClock } from "./callback-clock.ts";
import { readConfigText } from "./config.ts";
import type { Log } from "./log.ts";
import type { Listening } from "./listeners/listen.ts";
import { processLog } from "./process-log.ts";
import type { Hooks } from "./router/index.ts";
import { secureRandom } from "./secure-random.ts";

export interface RouterBridgeOptions {
  /** What a configuration file says: its text, or the same as an object. Default: the defaults. */
  readonly config?: string | object | undefined;
  /** What the program has a say in. */
  readonly hooks?: Hooks | undefined;
  /** Milliseconds for a promise of a hook to settle. Default: 5000. */
  readonly hookTimeout?: number | undefined;
  /** Default: lines of JSON on standard output, at the configured level. */
  readonly log?: Log | undefined;
  /** Where the built dashboard lies. Default: none is served. */
  readonly dashboardFolder?: string | undefined;
}

export interface RouterBridge {
  /** What listens, with the ports that were really taken. */
  readonly addresses: readonly Listening[];
  /** Forgets what `auth.authorizer` has answered, of all or of those named; gives how many answers. */
  flushAuthorizations(who?: { readonly authid?: string; readonly authrole?: string }): number;
  /** Ends what was begun, says goodbye to everyone and closes all listeners. Safe to call again. */
  stop(): Promise<void>;
}

/** Starts listening. @throws BridgeError; `config_invalid` lists every mistake. */
export async function startRouterBridge(options: RouterBridgeOptions = {}): Promise<RouterBridge> {
  const { config = "", hooks, hookTimeout, dashboardFolder } = options;
  const text = typeof config === "string" ? config : JSON.stringify(config);
  const result = readConfigText(text, "(options.config)");
  if (!result.ok) throw new BridgeError("config_invalid", formatProblems(result.problems));
  if (hooks !== undefined && result.config.upstream !== undefined) {
    throw new BridgeError("config_invalid", "hooks need the embedded router: they cannot be had beside upstream");
  }
  const served = dashboardFolder !== undefined || result.config.dashboardFolder !== undefined;
  const bridge = new Bridge(served ? result.config : { ...result.config, dashboard: false }, {
    log: options.log ?? processLog(result.config.log.level),
    dashboardFolder,
    now: callbackClock(() => performance.now()),
    random: secureRandom(),
    hooks: hooks && { hooks, timeout: hookTimeout },
  });
  await bridge.start();
  return {
    get addresses() {
      return bridge.addresses;
    },
    flushAuthorizations: (who) => bridge.flushAuthorizations(who),
    stop: () => bridge.stop(),
  };
}
