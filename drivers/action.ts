/**
 * Actions as data: one constant per driver from which both the description and the types of the handlers come, so that a
 * handler with the wrong arguments does not compile, and a call with the wrong arguments never reaches it.
 */
import type { Static, TSchema } from "typebox";
import { Check } from "typebox/schema";
import { allowedWords } from "./config-issues.ts";
import type { ActionDescription, JsonSchema, Role, Safety } from "./description.ts";
import { DriverError } from "./driver-error.ts";
import { found, listed, quantity, reasonOf } from "./words.ts";

export interface Argument<Schema extends TSchema = TSchema, Optional extends boolean = boolean> {
  readonly name: string;
  readonly description: string;
  readonly schema: Schema;
  readonly unit?: string;
  readonly optional: Optional;
}

export interface Action<Arguments extends readonly Argument[] = readonly Argument[], Result extends TSchema = TSchema> {
  readonly title: string;
  readonly description: string;
  readonly args: Arguments;
  readonly result: Result;
  readonly safety: Safety;
  readonly role: Role;
}

export type ActionTable = Readonly<Record<string, Action>>;

type ArgumentValue<One> =
  One extends Argument<infer Schema, infer Optional>
    ? true extends Optional
      ? Static<Schema> | undefined
      : Static<Schema>
    : never;

type ArgumentValues<Arguments extends readonly Argument[]> = {
  -readonly [Index in keyof Arguments]: ArgumentValue<Arguments[Index]>;
};

/** One handler for each action; `target` is the addressed channel, or undefined for an action of the whole driver. */
export type Handlers<Table extends ActionTable, Target> = {
  readonly [Name in keyof Table]: (
    target: Target,
    ...args: ArgumentValues<Table[Name]["args"]>
  ) => Promise<Static<Table[Name]["result"]>>;
};

/** The same schema as plain JSON, without what TypeBox keeps beside it. */
export function jsonSchema(schema: TSchema): JsonSchema {
  // What JSON.stringify has written parses to JSON values.
  return JSON.parse(JSON.stringify(schema)) as JsonSchema;
}

export function describeAction(action: Action): ActionDescription {
  return {
    title: action.title,
    description: action.description,
    args: action.args.map(({ name, description, schema, unit, optional }) => ({
      name,
      description,
      schema: jsonSchema(schema),
      ...(unit === undefined ? {} : { unit }),
      ...(optional ? { optional } : {}),
    })),
    result: jsonSchema(action.result),
    safety: action.safety,
    role: action.role,
  };
}

/** The descriptions of the named actions, or of all. */
export function describeActions<Table extends ActionTable>(
  table: Table,
  names: readonly (keyof Table & string)[] = Object.keys(table),
): Readonly<Record<string, ActionDescription>> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const action = table[name];
      return action === undefined ? [] : [[name, describeAction(action)]];
    }),
  );
}

/** An action table with its handlers, ready to be called with whatever came over the wire. */
export type ActionRunner<Target> = (name: string, target: Target, args: readonly unknown[]) => Promise<unknown>;

/** @throws (rejects) DriverError: `unknown_action`, `invalid_argument`, or what the handler throws; never anything else. */
export function actionRunner<Table extends ActionTable, Target>(
  table: Table,
  handlers: Handlers<Table, Target>,
): ActionRunner<Target> {
  return async (name, target, args) => {
    const action = Object.hasOwn(table, name) ? table[name] : undefined;
    if (action === undefined) throw unknownAction(name, Object.keys(table));
    checkArguments(name, action.args, args);
    // checkArguments has just proved the types that Handlers promises; the relation is lost on a name known only at run time.
    const handler = handlers[name] as unknown as (target: Target, ...args: readonly unknown[]) => Promise<unknown>;
    try {
      return await handler(target, ...args);
    } catch (error) {
      if (error instanceof DriverError) throw error;
      throw new DriverError("io", `${name} failed: ${reasonOf(error)}`, { cause: error });
    }
  };
}

export function unknownAction(name: string, known: readonly string[]): DriverError {
  return new DriverError("unknown_action", `There is no action ${found(name)}`, { cure: `Allowed: ${listed(known)}.` });
}

function checkArguments(action: string, declared: readonly Argument[], given: readonly unknown[]): void {
  if (given.length > declared.length) {
    throw new DriverError(
      "invalid_argument",
      `${action} takes ${quantity(declared.length, "argument")} here, found ${String(given.length)}`,
      { cure: `Allowed: ${listed(declared.map(signature))}.` },
    );
  }
  for (const [index, argument] of declared.entries()) {
    const value = given[index];
    if (value === undefined && argument.optional) continue;
    if (Check(argument.schema, value)) continue;
    throw new DriverError("invalid_argument", `${action}: ${argument.name} cannot be ${found(value)}`, {
      cure: `It must be ${allowedWords(argument.schema)}.`,
    });
  }
}

const signature = ({ name, optional }: Argument): string => (optional ? `${name} (optional)` : name);
