/**
 * How V8 collects garbage in a router: for its longest pause, not for its throughput. Owns the options and their reasons; none
 * of them overrides what Node was started with.
 */
import { setFlagsFromString } from "node:v8";

interface Tuning {
  /** What V8 is told. */
  readonly option: string;
  /** Part of the names of the options by which somebody else decides this. */
  readonly about: string;
}

const TUNINGS: readonly Tuning[] = [
  /*
   * The part of the heap in which things begin their life stays small. Left alone it grows to tens of megabytes under load and
   * never shrinks: that is what a router weighs for ever after one busy minute. Small, it stays near the processor, and is gone
   * through so often that the large messages whose octets lie outside of it are given back before there are enough of them for the
   * whole heap to be looked at (64 KB to ten subscribers: a fifth more of them a second). The greatest size cannot be changed in a
   * running process, whether it grows can.
   */
  { option: "--semi-space-growth-factor=1", about: "semi-space" },
  /*
   * The main thread collects alone, but for marking, of which one helper does its part before the pause: by the main thread alone, in
   * the pause, it takes 10 ms at full load. What else there is to do takes it a millisecond or two; waking helpers and waiting for
   * them costs more than that, and while the processors are busy they wait their turn for milliseconds, or take that of the main
   * thread, with everybody who is served by this process. All of these are looked at anew at each collection.
   */
  ...[
    "--no-parallel-scavenge",
    "--no-concurrent-array-buffer-sweeping",
    "--no-concurrent-sweeping",
    "--no-parallel-compaction",
    "--no-parallel-pointer-update",
    "--no-parallel-weak-ref-clearing",
  ].map((option) => ({ option, about: option.replace("--no", "") })),
  { option: "--concurrent-marking-max-worker-num=1", about: "concurrent-marking" },
];

/** What V8 is told, given the options that Node was started with: who says something about one of these has reasons. */
export function collectorOptions(given: readonly string[]): readonly string[] {
  const isSaid = ({ about }: Tuning): boolean => given.some((option) => option.replaceAll("_", "-").includes(about));
  return TUNINGS.filter((one) => !isSaid(one)).map(({ option }) => option);
}

/** To be called first of all: what has grown already stays. */
export function tuneCollector(): void {
  for (const option of collectorOptions([...process.execArgv, process.env["NODE_OPTIONS"] ?? ""]))
    setFlagsFromString(option);
}
