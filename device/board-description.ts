/** What a board says about itself: enough for a page or a program to use it without a naming rule or a table of its own. */
import type { Uri } from "@pinion/wamp";
import type {
  ActionDescription,
  ChannelDescription,
  DriverDescription,
  StreamDescription,
} from "../drivers/description.ts";
import type { Reading } from "../drivers/reading.ts";
import type { Naming, NamingMode } from "./naming.ts";
import type { DriverState, SupervisedDriver } from "./supervised-driver.ts";

export interface BoardIdentity {
  readonly id: string;
  readonly title: string;
  readonly version: string;
  /** Names this run of the process. */
  readonly boot: string;
  /** Wall clock, ms since 1970, when the process started. */
  readonly startedAt: number;
}

/** An action that can be called now; one that the router does not hold for this board is left out. */
export type OfferedAction = ActionDescription & { readonly procedure: Uri };
export type OfferedStream = StreamDescription & { readonly topic: Uri };

export interface OfferedChannel extends Omit<ChannelDescription, "actions" | "streams"> {
  readonly actions: Readonly<Record<string, OfferedAction>>;
  readonly streams: Readonly<Record<string, OfferedStream>>;
}

export interface OfferedDriver extends Omit<DriverDescription, "actions" | "channels"> {
  readonly name: string;
  readonly state: DriverState;
  /** Why it is not ready. */
  readonly cause?: string;
  readonly actions: Readonly<Record<string, OfferedAction>>;
  readonly channels: readonly OfferedChannel[];
}

export interface BoardDescription extends BoardIdentity {
  readonly naming: NamingMode;
  readonly procedures: { readonly describe: Uri; readonly health: Uri; readonly history: Uri };
  readonly drivers: readonly OfferedDriver[];
  /** The newest reading of each stream, so that a page paints at once. */
  readonly lastReadings: readonly (Reading & { readonly stream: string; readonly topic: Uri })[];
  /** Set while another board holds procedures of the same names: what to change. */
  readonly collision?: string;
}

export interface DescriptionSource {
  readonly identity: BoardIdentity;
  readonly naming: Naming;
  readonly drivers: readonly SupervisedDriver[];
  /** Procedures that the router holds for somebody else. */
  readonly refused: ReadonlySet<string>;
  readonly collision: string | undefined;
  readonly last: readonly (readonly [stream: string, reading: Reading])[];
}

export function describeBoard(source: DescriptionSource): BoardDescription {
  const { identity, naming, drivers, collision, last } = source;
  return {
    ...identity,
    naming: naming.mode,
    procedures: { describe: naming.own("describe"), health: naming.own("health"), history: naming.own("history") },
    drivers: drivers.map((driver) => offer(driver, source)),
    lastReadings: last.map(([stream, reading]) => ({ stream, topic: naming.topic(stream), ...reading })),
    ...(collision === undefined ? {} : { collision }),
  };
}

function offer({ planned, state, cause }: SupervisedDriver, { naming, refused }: DescriptionSource): OfferedDriver {
  const { name, description } = planned;
  const { kind, actions = {}, channels } = description;
  const offered = (some: Readonly<Record<string, ActionDescription>>): Record<string, OfferedAction> => {
    const all = Object.entries(some).map(
      ([action, one]) => [action, { ...one, procedure: naming.procedure(kind, action) }] as const,
    );
    return Object.fromEntries(all.filter(([, { procedure }]) => !refused.has(procedure)));
  };
  return {
    kind,
    name,
    state,
    ...(cause === undefined || state === "ready" ? {} : { cause }),
    actions: offered(actions),
    channels: channels.map((channel) => ({
      ...channel,
      actions: offered(channel.actions),
      streams: Object.fromEntries(
        Object.entries(channel.streams).map(([stream, one]) => [stream, { ...one, topic: naming.topic(stream) }]),
      ),
    })),
  };
}
