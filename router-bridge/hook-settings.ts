/** The hooks of an embedding program among real promises and a real log. */
import { DenialLog } from "./denial-log.ts";
import type { Log } from "./log.ts";
import type { HookOptions, HookOutcome, Hooks, HookWait } from "./router/index.ts";

export interface HookSettings {
  readonly hooks: Hooks;
  /** Milliseconds for a promise of a hook to settle. Default: 5000. */
  readonly timeout?: number | undefined;
}

interface Surroundings {
  readonly log: Log;
  readonly now: () => number;
  readonly settle: (wait: HookWait, outcome: HookOutcome) => void;
}

export function hookOptions(
  settings: HookSettings | undefined,
  { log, now, settle }: Surroundings,
): HookOptions | undefined {
  if (settings === undefined) return undefined;
  const { hooks, timeout = 5000 } = settings;
  const faults = new DenialLog(log, now);
  return {
    hooks,
    timeout,
    whenSettled: (promise, wait) => {
      promise.then(
        (value) => settle(wait, { ok: true, value }),
        (error: unknown) => settle(wait, { ok: false, words: String(error instanceof Error ? error.stack : error) }),
      );
    },
    onFault: ({ hook, session, words }) => {
      const { id, realm, authid, authrole } = session;
      const fields = { hook, cause: words, session: id, realm, authid, authrole };
      faults.warn("hook_failed", `${hook} ${words}`, fields, `the hook ${hook} failed: ${words}`);
    },
  };
}
