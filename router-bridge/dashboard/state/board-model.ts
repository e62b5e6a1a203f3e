/**
 * A board as the page sees it: its description with every procedure and topic spelled out, checked and cut to size. Made by
 * `parseDescription` only, so the rest of the page never meets a stranger's object.
 */
import type { ChannelRole, JsonSchema, Safety } from "../../../drivers/description.ts";

export interface ArgumentModel {
  readonly name: string;
  readonly description: string;
  readonly schema: JsonSchema;
  readonly unit: string;
  readonly optional: boolean;
}

export interface ActionModel {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly procedure: string;
  /** The first argument on the wire for a channel's action. */
  readonly channel: string | undefined;
  /** What a person fills in, after the channel. */
  readonly args: readonly ArgumentModel[];
  readonly safety: Safety;
}

export interface StreamModel {
  readonly topic: string;
  readonly title: string;
  readonly unit: string;
  readonly kind: "measurement" | "state" | "event";
  /** Whether its readings are text rather than numbers. */
  readonly text: boolean;
  /** ms between readings where the board says so. */
  readonly interval: number | undefined;
}

export interface ChannelModel {
  /** Unique on the board. */
  readonly key: string;
  readonly kind: string;
  readonly name: string;
  readonly title: string;
  readonly role: ChannelRole;
  /** Other names a person may know it by: `GPIO17`, `header 11`. */
  readonly aliases: readonly string[];
  readonly details: readonly (readonly [label: string, value: string])[];
  readonly actions: readonly ActionModel[];
  readonly streams: readonly StreamModel[];
}

export interface BoardModel {
  readonly id: string;
  readonly title: string;
  readonly version: string;
  /** Names the run of the board's process; a new one means it was started again. */
  readonly boot: string;
  /** Wall clock of the board, ms since 1970. */
  readonly startedAt: number | undefined;
  readonly healthProcedure: string;
  readonly describeProcedure: string;
  /** Undefined for a board that keeps nothing. */
  readonly historyProcedure: string | undefined;
  readonly channels: readonly ChannelModel[];
  /** Actions of drivers as a whole. */
  readonly actions: readonly ActionModel[];
  /** Channels, actions and streams that went over a limit and are not shown. */
  readonly leftOut: number;
  /** The last value of each stream that the board knew, as received, not parsed yet. */
  readonly lastReadings: readonly unknown[];
}

/** The action of that name, if the channel has it. */
export function actionOf(channel: ChannelModel, name: string): ActionModel | undefined {
  return channel.actions.find((action) => action.name === name);
}
