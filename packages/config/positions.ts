/** A YAML text and where its nodes lie. Owns the parsed document; knows nothing of schemas. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from "yaml";
import type { Path } from "./problem.ts";

export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface SyntaxFault extends Position {
  readonly message: string;
  readonly cure: string;
}

const CHECK_LINE = "check indentation, quotes and colons on this line";

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
      // of the whole of YAML what a configuration is written in; the bundles hold no more than this (deploy/reading-yaml.ts)
      schema: "core",
      resolveKnownTags: false,
      stringKeys: true,
    });
    this.#document = document;
    this.faults = [
      ...this.#olderVersion(text),
      ...[...document.errors, ...document.warnings].map(({ pos, message, code }) => ({
        ...this.#position(pos[0]),
        ...faultWords(code, message.split("\n")[0] ?? message, text.slice(pos[0])),
      })),
    ];
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

  /** In 1.1 `yes` is true and 010 is eight: who asks for that must not get something else. */
  #olderVersion(text: string): readonly SyntaxFault[] {
    if (this.#document.directives?.yaml.version !== "1.1") return [];
    const message = "the line %YAML 1.1";
    return [
      { ...this.#position(text.indexOf("%YAML")), message, cure: "remove that line; true and false are written so" },
    ];
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

function faultWords(code: string, message: string, rest: string): Pick<SyntaxFault, "message" | "cure"> {
  switch (code) {
    case "TAB_AS_INDENT":
      return { message: "a tab in the indentation", cure: "indent with spaces instead of tabs" };
    case "DUPLICATE_KEY": {
      const key = /^"[^"\n]*"|^'[^'\n]*'|^[^:\n]*/.exec(rest)?.[0].trim().slice(0, 60) ?? "";
      return { message: `the key ${key} a second time`, cure: `remove or rename one of the two ${key}` };
    }
    case "BAD_INDENT":
      return { message, cure: "begin all keys of one mapping in the same column" };
    case "NON_STRING_KEY":
      return { message: "a key that is no plain word", cure: "write the key as one word, or as text in quotes" };
    case "TAG_RESOLVE_FAILED":
      return { message, cure: "remove the tag (the word after !)" };
    default:
      return { message, cure: CHECK_LINE };
  }
}
