/** The part of a board's configuration that says which readings are kept until somebody has them, and how. */
import type { Finding } from "@pinion/config";
import * as Type from "typebox";
import type { Static } from "typebox";
import { durationSchema, milliseconds } from "../drivers/duration.ts";
import { mappingOf } from "../drivers/mapping-of.ts";
import type { StreamDescription } from "../drivers/description.ts";
import { deliveryModeSchema, type DeliveryMode } from "./entry-delivery.ts";
import { journalDefaults, type JournalLimits } from "./journal/journal-limits.ts";
import type { PlannedDriver } from "./plan.ts";
import { octetsOf, sizeSchema } from "./size.ts";

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;

export const journalSchema = Type.Object(
  {
    directory: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          "folder of the journal's own; default: journal in board.stateDir or $STATE_DIRECTORY; without any of them readings are kept in memory only",
      }),
    ),
    capacity: sizeSchema({
      min: 64 * KiB,
      max: 4 * GiB,
      default: "16 MiB",
      description: "what it may take of the disk; when full the oldest readings go, and a gap says so",
    }),
    segment: sizeSchema({
      min: 4 * KiB,
      max: 64 * MiB,
      default: "256 KiB",
      description: "size of one file; at most an eighth of the capacity",
    }),
    commitEvery: durationSchema({
      max: 60_000,
      default: "2s",
      description: "readings reach the disk in groups this often: as much may be lost with the power. 0: each at once",
    }),
    commitOctets: sizeSchema({
      min: 512,
      max: 16 * MiB,
      default: "64 KiB",
      description: "a group of this size does not wait",
    }),
    memory: sizeSchema({
      min: 4 * KiB,
      max: 256 * MiB,
      default: "256 KiB",
      description: "what may wait in memory while the disk takes nothing",
    }),
    writeBudgetPerDay: sizeSchema({
      min: MiB,
      max: 1024 * GiB,
      default: "500 MiB",
      description: "health and log warn when more is written a day: what wears a card out",
    }),
  },
  { default: {} },
);

export const deliverySchema = mappingOf("^[a-z0-9_]+(\\.[a-z0-9_]+)*$", deliveryModeSchema, {
  default: {},
  description:
    "by stream; it may also stand in the entry of a pin, port or sensor; default: durable for measurements and events, latest for states",
});

export type JournalConfig = Static<typeof journalSchema>;
export type DeliveryConfig = Static<typeof deliverySchema>;

export interface JournalSettings {
  readonly limits: JournalLimits;
  readonly writeBudgetPerDay: number;
}

export function journalSettings(config: JournalConfig): JournalSettings {
  return {
    limits: {
      capacity: octetsOf(config.capacity),
      segment: octetsOf(config.segment),
      commitEvery: milliseconds(config.commitEvery),
      commitOctets: octetsOf(config.commitOctets),
      memory: octetsOf(config.memory),
      reading: journalDefaults.reading,
    },
    writeBudgetPerDay: octetsOf(config.writeBudgetPerDay),
  };
}

/** What each value is allowed and the whole is not. */
export function deliveryFindings(
  { journal, delivery }: { readonly journal: JournalConfig; readonly delivery: DeliveryConfig },
  drivers: readonly PlannedDriver[],
): readonly Finding[] {
  const findings: Finding[] = [];
  const { capacity, segment } = journalSettings(journal).limits;
  if (segment > capacity / 8) {
    findings.push({
      path: ["journal", "segment"],
      found: `${String(segment)} octets of ${String(capacity)}`,
      allowed: "at most an eighth of journal.capacity",
      cure: "raise journal.capacity or lower journal.segment",
    });
  }
  const known = streamsOf(drivers);
  for (const stream of Object.keys(delivery)) {
    const found = known.get(stream);
    if (found === undefined) {
      findings.push({
        path: ["delivery", stream],
        found: `the stream '${stream}', which no driver has`,
        allowed: [...known.keys()].join(", ") || "no stream: the board has none",
        cure: "name a stream as it stands in sensor.<stream>, or remove the line",
        atKey: true,
      });
    } else if (found.written !== undefined) {
      findings.push({
        path: ["delivery", stream],
        found: `the delivery of '${stream}' here and in the entry of its driver`,
        allowed: "one of the two",
        cure: "remove one of them",
        atKey: true,
      });
    }
  }
  return findings;
}

/** The streams that are kept until the router has them. */
export function durableStreams(delivery: DeliveryConfig, drivers: readonly PlannedDriver[]): ReadonlySet<string> {
  const durable = [...streamsOf(drivers)].filter(([stream, { kind, written }]) => {
    const byDefault = kind === "state" ? "latest" : "durable";
    return (delivery[stream] ?? written ?? byDefault) === "durable";
  });
  return new Set(durable.map(([stream]) => stream));
}

interface PlannedStream {
  readonly kind: StreamDescription["kind"];
  /** In the entry of its driver: for the stream itself, or for all of its channel. */
  readonly written: DeliveryMode | undefined;
}

function streamsOf(drivers: readonly PlannedDriver[]): ReadonlyMap<string, PlannedStream> {
  const streams = new Map<string, PlannedStream>();
  for (const { description, delivery } of drivers) {
    for (const channel of description.channels) {
      for (const [stream, { kind }] of Object.entries(channel.streams)) {
        const written = delivery.get(`stream ${stream}`) ?? delivery.get(`channel ${channel.name}`);
        streams.set(stream, { kind, written });
      }
    }
  }
  return streams;
}
