import type { Dict } from "../message.ts";
import type { Ppt } from "./passthru.ts";

/** Args and KwArgs that a handler returns together. Made by `result`, told apart from plain values by its class. */
export class HandlerResult {
  readonly args: readonly unknown[];
  readonly kwargs: Dict;
  readonly ppt: Ppt | undefined;

  constructor(args: readonly unknown[], kwargs: Dict, ppt: Ppt | undefined) {
    this.args = args;
    this.kwargs = kwargs;
    this.ppt = ppt;
  }
}

/**
 * The return value of a handler that answers with several arguments, with keyword arguments, or with both; with `ppt` as an
 * opaque payload, which the caller must know.
 */
export function result(
  args: readonly unknown[] = [],
  kwargs: Dict = {},
  { ppt }: { readonly ppt?: Ppt | undefined } = {},
): HandlerResult {
  return new HandlerResult(args, kwargs, ppt);
}
