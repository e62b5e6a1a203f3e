/** URIs of v1, which are addresses, and of v2, which are names with dots: by rules, and by a default for those nobody wrote down. */
import { isUri, toUri, type Uri } from "@pinion/wamp";

/** Where `v1` ends in `#`, `/`, `:` or `=` it is the beginning of many and `v2` the beginning of theirs; else both are whole. */
export interface UriRule {
  readonly v1: string;
  readonly v2: string;
}

export interface UriMapOptions {
  readonly rules: readonly UriRule[];
  /** Before v2 names that no rule speaks for. */
  readonly base: string;
  /** `derive`: of an address nobody wrote down, what stands behind its host is the name. */
  readonly unlisted: "derive" | "refuse";
}

const ADDRESS = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*(.*)$/is;

export function isPrefixRule({ v1 }: UriRule): boolean {
  return /[#/:=]$/.test(v1);
}

export class UriMap {
  readonly #wholeToV2: ReadonlyMap<string, string>;
  readonly #wholeToV1: ReadonlyMap<string, string>;
  readonly #byV1: readonly UriRule[];
  readonly #byV2: readonly UriRule[];
  readonly #unlisted: UriMapOptions["unlisted"];

  constructor({ rules, base, unlisted }: UriMapOptions) {
    const whole = rules.filter((rule) => !isPrefixRule(rule));
    // of two rules for the same name the first is told to clients
    this.#wholeToV2 = new Map(whole.toReversed().map(({ v1, v2 }) => [v1, v2]));
    this.#wholeToV1 = new Map(whole.toReversed().map(({ v1, v2 }) => [v2, v1]));
    const beginnings = [...rules.filter(isPrefixRule), { v1: base, v2: "" }];
    this.#byV1 = beginnings.toSorted((a, b) => b.v1.length - a.v1.length);
    this.#byV2 = beginnings.toSorted((a, b) => b.v2.length - a.v2.length);
    this.#unlisted = unlisted;
  }

  /** Undefined for what has no name here. */
  toV2(uri: string): Uri | undefined {
    const name = this.#wholeToV2.get(uri) ?? this.#begun(uri) ?? this.#derived(uri);
    return name !== undefined && isUri(name) ? toUri(name) : undefined;
  }

  toV1(name: string): string {
    const whole = this.#wholeToV1.get(name);
    if (whole !== undefined) return whole;
    const rule = this.#byV2.find(({ v2 }) => name.startsWith(v2));
    return rule === undefined ? name : rule.v1 + name.slice(rule.v2.length);
  }

  #begun(uri: string): string | undefined {
    const rule = this.#byV1.find(({ v1 }) => uri.startsWith(v1));
    return rule && rule.v2 + uri.slice(rule.v1.length);
  }

  #derived(uri: string): string | undefined {
    if (this.#unlisted === "refuse") return undefined;
    const behindHost = ADDRESS.exec(uri)?.[1];
    if (behindHost === undefined) return /[:/]/.test(uri) ? undefined : uri;
    return behindHost
      .split(/[/#?:]/)
      .filter((part) => part !== "")
      .join(".");
  }
}
