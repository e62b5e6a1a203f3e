/** A router with hooks, whose promises settle when the test lets them. */
import type { HookFault, Hooks, RouterOptions } from "../../router-bridge/router/index.ts";
import { World } from "./world.ts";

export interface HookWorld {
  readonly world: World;
  readonly faults: HookFault[];
}

export function hookWorld(hooks: Hooks, options: Partial<RouterOptions> = {}): HookWorld {
  const faults: HookFault[] = [];
  const world: World = new World({
    ...options,
    hooks: {
      hooks,
      timeout: 5_000,
      onFault: (fault) => faults.push(fault),
      whenSettled: (promise, wait) => {
        promise.then(
          (value) => world.carryOut(world.router.settle(wait, { ok: true, value }, world.now)),
          (error: unknown) => world.carryOut(world.router.settle(wait, { ok: false, words: String(error) }, world.now)),
        );
      },
    },
  });
  return { world, faults };
}

/** Lets promises that have settled be noticed. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 10; i += 1) await Promise.resolve();
}

export interface Gate<T> {
  readonly promise: Promise<T>;
  readonly open: (value: T) => Promise<void>;
  readonly fail: (error: Error) => Promise<void>;
}

export function gate<T>(): Gate<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  return {
    promise,
    open: async (value) => {
      resolve(value);
      await settled();
    },
    fail: async (error) => {
      reject(error);
      await settled();
    },
  };
}
