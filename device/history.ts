/** `device.history(stream, after, limit)`: what is asked for, checked, and the answer as it goes over the wire. */
import { ApplicationError, ErrorUri } from "@pinion/wamp";
import type { Invocation } from "@pinion/wamp/client";
import * as Type from "typebox";
import { Check } from "typebox/schema";
import type { ClockReport } from "./health.ts";
import type { ClockStep } from "./journal/boot-clocks.ts";
import { HISTORY_LIMIT, type Delivering } from "./delivering.ts";
import type { Cursor } from "./journal/read-back.ts";
import type { Naming } from "./naming.ts";

const DEFAULT_LIMIT = 100;
const Seq = Type.Integer({ minimum: 0 });
const CURSOR = Type.Object({ boot: Type.String({ maxLength: 64 }), seq: Seq });
const LIMIT = Type.Integer({ minimum: 1, maximum: HISTORY_LIMIT });

export interface HistoryContext {
  readonly naming: Naming;
  /** This run: what a bare number of `after` belongs to. */
  readonly boot: string;
  readonly streams: ReadonlySet<string>;
  /** Of this boot: how to put right what was read before the clock was set. */
  readonly clock: () => ClockReport;
  /** Of any boot that is kept. */
  readonly stepsOf: (boot: string) => readonly ClockStep[];
  readonly delivering: Pick<Delivering, "history">;
}

/** Arguments by place or by name. @throws ApplicationError `wamp.error.invalid_argument` */
export async function answerHistory(context: HistoryContext, { args, kwargs }: Invocation): Promise<unknown> {
  const { naming, boot, delivering } = context;
  const stream = streamOf(context, args[0] ?? kwargs["stream"]);
  const after = cursorOf(args[1] ?? kwargs["after"], boot);
  const limit = args[2] ?? kwargs["limit"] ?? DEFAULT_LIMIT;
  if (!Check(LIMIT, limit)) throw refusal("limit", limit, `a whole number from 1 to ${String(HISTORY_LIMIT)}`);
  const page = await delivering.history(stream, after, limit);
  const clocks = page.boots.map((one) => ({ boot: one.boot, steps: context.stepsOf(one.boot) }));
  return {
    device: naming.id,
    stream,
    topic: naming.topic(stream),
    ...page,
    gaps: page.gaps.map(({ detail, ...gap }) => ({ ...gap, ...detail })),
    clock: { boot, ...context.clock() },
    clocks: clocks.filter(({ steps }) => steps.length > 0),
  };
}

/** As in `sensor.<stream>`, or the whole topic. */
function streamOf({ naming, streams }: HistoryContext, given: unknown): string {
  for (const stream of streams) if (given === stream || given === naming.topic(stream)) return stream;
  throw refusal("stream", given, [...streams].join(", ") || "no stream: the board has none");
}

function cursorOf(given: unknown, boot: string): Cursor | undefined {
  if (given === undefined || given === null) return undefined;
  if (Check(Seq, given)) return { boot, seq: given };
  if (Check(CURSOR, given)) return { boot: given.boot, seq: given.seq };
  throw refusal("after", given, "{boot, seq} of the last reading you have, a seq of this boot, or null for all");
}

function refusal(argument: string, given: unknown, allowed: string): ApplicationError {
  const found = JSON.stringify(given)?.slice(0, 100) ?? "nothing";
  const words = `${argument} is ${found}; allowed: ${allowed}`;
  return new ApplicationError(ErrorUri.invalidArgument, [words], {
    code: "invalid_argument",
    argument,
    found,
    allowed,
  });
}
