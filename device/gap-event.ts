import { gapWords, type Gap } from "./journal/gap.ts";

/** The keyword arguments of the event that tells a gap; its one argument is null. `t`: wall clock, ms since 1970. */
export function gapEvent(gap: Gap, device: string, t: number): Record<string, unknown> {
  const { id, boot, from, to, reason, t: found, detail } = gap;
  return {
    gap: { id, boot, from, to, reason, found, ...detail },
    device,
    boot,
    t,
    quality: "error",
    cause: gapWords(gap),
  };
}
