/** A YAML text and where its nodes lie. Owns the parsed document; knows nothing of schemas. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from "yaml";
import type { Path } from "./problem.ts";

export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface SyntaxFault extends Position {
  readonly message: string;
}

export class Positions {
  readonly #document: Document;
  readonly #lines = new LineCounter();
  readonly faults: readonly SyntaxFault[];

  constructor(text: string) {
    const document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      strict: true,
      logLevel: "error",
    });
    this.#document = document;
    this.faults = [...document.errors, ...document.warnings].map(({ pos, message }) => ({
      ...this.#position(pos[0]),
      message: message.split("\n")[0] ?? message,
    }));
  }

  /** The plain value; undefined for an empty document. @throws ReferenceError for aliases without an anchor, or too many. */
  value(): unknown {
    const value: unknown = this.#document.toJS({ maxAliasCount: 100 });
    return value ?? undefined;
  }

  /** The position of the value at `path` (or of its key); of the nearest parent that is there if it is not. */
  locate(path: Path, atKey = false): Position {
    let node: unknown = this.#document.contents;
    let offset = offsetOf(node) ?? 0;
    for (const [i, step] of path.entries()) {
      const last = i === path.length - 1;
      const found = this.#child(node, step);
      if (found === undefined) break;
      const keyOffset = offsetOf(found.key);
      offset = (last && atKey ? keyOffset : offsetOf(found.value)) ?? keyOffset ?? offset;
      node = found.value;
    }
    return this.#position(offset);
  }

  #child(parent: unknown, step: string | number): { key: unknown; value: unknown } | undefined {
    const node: unknown = isAlias(parent) ? parent.resolve(this.#document) : parent;
    if (isSeq(node))
      return Number(step) in node.items ? { key: undefined, value: node.items[Number(step)] } : undefined;
    if (!isMap(node)) return undefined;
    const pair = node.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(step));
    return pair && { key: pair.key, value: pair.value };
  }

  #position(offset: number): Position {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }
}

function offsetOf(node: unknown): number | undefined {
  if (typeof node !== "object" || node === null) return undefined;
  return (node as Node).range?.[0]; // nodes of yaml carry a range; anything else has none
}
