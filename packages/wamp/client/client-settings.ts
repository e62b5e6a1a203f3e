import { UsageError } from "../errors.ts";
import { isUri } from "../uri.ts";
import { checkMs } from "./alarm.ts";
import type { ClientLimits, ClientOptions } from "./client-options.ts";
import type { ConnectingSettings } from "./connecting.ts";
import { CLIENT_ROLES } from "./features.ts";
import { type ReconnectOptions, ReconnectSchedule } from "./reconnect-schedule.ts";
import { wireOptions } from "./wire-options.ts";

/** ClientOptions, checked and with every default in place. */
export interface ClientSettings extends ConnectingSettings {
  readonly random: () => number;
  readonly retry: Partial<ReconnectOptions>;
  readonly requestTimeout: number;
  readonly restoreTimeout: number;
  readonly callTimeout: number | undefined;
  readonly limits: ClientLimits;
  onError(error: unknown, where: string): void;
}

const LIMITS: ClientLimits = {
  pendingCalls: 10_000,
  waitingCalls: 1_000,
  pendingPublishes: 10_000,
  declarations: 10_000,
  invocations: 1_000,
  unreadParts: 1_000,
  endedInvocations: 100,
};

/** @throws UsageError `invalid_option`, naming the option. */
export function clientSettings(options: ClientOptions): ClientSettings {
  const { realm, timers, random, clock, connect, onChallenge, login, onError } = options;
  if (!isUri(realm)) {
    throw new UsageError("invalid_option", `realm ${JSON.stringify(realm)} is not a WAMP URI, such as "realm1"`);
  }
  checkLogin(options);
  const retry = options.reconnect === false ? {} : (options.reconnect ?? {});
  const details = wireOptions(undefined, {
    agent: options.agent ?? "pinion",
    roles: CLIENT_ROLES,
    authid: options.authid,
    authmethods: options.authmethods,
    authextra: options.authextra,
  });
  return {
    connect,
    realm,
    details,
    onChallenge,
    login,
    timers,
    random,
    clock,
    retry,
    schedule: options.reconnect === false ? undefined : new ReconnectSchedule(retry, random),
    connectTimeout: checkMs("connectTimeout", options.connectTimeout ?? 20_000, 1),
    joinTimeout: checkMs("joinTimeout", options.joinTimeout ?? 10_000, 1),
    requestTimeout: checkMs("requestTimeout", options.requestTimeout ?? 10_000, 1),
    restoreTimeout: checkMs("restoreTimeout", options.restoreTimeout ?? 10_000),
    closeTimeout: checkMs("closeTimeout", options.closeTimeout ?? 2_000, 1),
    callTimeout: options.callTimeout === undefined ? undefined : checkMs("callTimeout", options.callTimeout),
    limits: checkedLimits({ ...LIMITS, ...options.limits }),
    onError: (error, where) => {
      try {
        onError?.(error, where);
      } catch {
        // Whoever reports errors must not make new ones: there is nobody left to tell.
      }
    },
  };
}

function checkLogin({ login, onChallenge, authid, authmethods, authextra }: ClientOptions): void {
  if (login === undefined || (onChallenge ?? authid ?? authmethods ?? authextra) === undefined) return;
  throw new UsageError("invalid_option", "a login brings authid, authmethods, authextra and answers: leave those out");
}

function checkedLimits(limits: ClientLimits): ClientLimits {
  for (const [name, limit] of Object.entries(limits)) {
    if (!Number.isInteger(limit) || Number(limit) < 1) {
      throw new UsageError("invalid_option", `limits.${name} is a count of at least 1, not ${String(limit)}`);
    }
  }
  return limits;
}
