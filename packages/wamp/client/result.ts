import type { Dict } from "../message.ts";

/** Args and KwArgs that a handler returns together. Made by `result`, told apart from plain values by its class. */
export class HandlerResult {
  readonly args: readonly unknown[];
  readonly kwargs: Dict;

  constructor(args: readonly unknown[], kwargs: Dict) {
    this.args = args;
    this.kwargs = kwargs;
  }
}

/** The return value of a handler that answers with several arguments, with keyword arguments, or with both. */
export function result(args: readonly unknown[] = [], kwargs: Dict = {}): HandlerResult {
  return new HandlerResult(args, kwargs);
}
