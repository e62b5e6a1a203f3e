/** What every view gets: the store to read from, and the two things a person can cause. */
import type { Request } from "../session/acting.ts";
import type { ActionModel } from "../state/board-model.ts";
import type { Store } from "../state/store.ts";

export interface PageContext {
  readonly store: Store;
  /** Carries out a request; what comes of it is in the store. True when it was done. */
  act(request: Request): Promise<boolean>;
  /** Asks before something that does harm when it is done by mistake; other actions are confirmed at once. */
  confirm(action: ActionModel, what: string, args: readonly unknown[]): Promise<boolean>;
}
