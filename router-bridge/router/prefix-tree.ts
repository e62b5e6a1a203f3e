/**
 * Owns string prefixes with a value each and finds all that begin a URI in one walk along it: a tree whose edges are
 * labelled with the characters between branching points. The cost follows the URI's length, however many prefixes there are.
 */
interface Node<T> {
  label: string;
  value: T | undefined;
  /** By the code of the first character of the child's label. */
  children: Map<number, Node<T>> | undefined;
}

export class PrefixTree<T> {
  readonly #root: Node<T> = { label: "", value: undefined, children: undefined };

  /** Nodes held: at most two for each prefix, and the root. Walks the whole tree. */
  get nodes(): number {
    return countNodes(this.#root);
  }

  set(prefix: string, value: T): void {
    let node = this.#root;
    let from = 0;
    while (from < prefix.length) {
      const child = node.children?.get(prefix.charCodeAt(from));
      if (child === undefined) {
        adopt(node, { label: prefix.slice(from), value, children: undefined });
        return;
      }
      const shared = sharedLength(child.label, prefix, from);
      if (shared < child.label.length) split(child, shared);
      node = child;
      from += shared;
    }
    node.value = value;
  }

  delete(prefix: string): void {
    let parent: Node<T> | undefined;
    let node = this.#root;
    let from = 0;
    while (from < prefix.length) {
      const child: Node<T> | undefined = node.children?.get(prefix.charCodeAt(from));
      if (child === undefined || !prefix.startsWith(child.label, from)) return;
      parent = node;
      node = child;
      from += child.label.length;
    }
    node.value = undefined;
    if (parent === undefined) return;
    if (node.children === undefined) {
      parent.children?.delete(node.label.charCodeAt(0));
      if (parent.children?.size === 0) parent.children = undefined;
      if (parent !== this.#root) absorbOnlyChild(parent);
    } else {
      absorbOnlyChild(node);
    }
  }

  /** Appends the values of all prefixes of `uri`, the shortest prefix first. */
  collect(uri: string, found: T[]): void {
    let node = this.#root;
    let from = 0;
    for (;;) {
      if (node.value !== undefined) found.push(node.value);
      const child = node.children?.get(uri.charCodeAt(from));
      if (child === undefined || !uri.startsWith(child.label, from)) return;
      node = child;
      from += child.label.length;
    }
  }

  /** The value of the longest prefix of `uri`. */
  longest(uri: string): T | undefined {
    let node = this.#root;
    let from = 0;
    let best = node.value;
    for (;;) {
      const child = node.children?.get(uri.charCodeAt(from));
      if (child === undefined || !uri.startsWith(child.label, from)) return best;
      node = child;
      from += child.label.length;
      best = node.value ?? best;
    }
  }
}

function adopt<T>(parent: Node<T>, child: Node<T>): void {
  (parent.children ??= new Map()).set(child.label.charCodeAt(0), child);
}

function sharedLength(label: string, text: string, from: number): number {
  let length = 0;
  while (length < label.length && label.charCodeAt(length) === text.charCodeAt(from + length)) length += 1;
  return length;
}

/** Turns a node into its first `at` characters with one child that has the rest. */
function split<T>(node: Node<T>, at: number): void {
  const rest: Node<T> = { label: node.label.slice(at), value: node.value, children: node.children };
  node.label = node.label.slice(0, at);
  node.value = undefined;
  node.children = undefined;
  adopt(node, rest);
}

/** Undoes a split that no longer branches. */
function absorbOnlyChild<T>(node: Node<T>): void {
  if (node.value !== undefined || node.children?.size !== 1) return;
  for (const child of node.children.values()) {
    node.label += child.label;
    node.value = child.value;
    node.children = child.children;
    return;
  }
}

function countNodes<T>(node: Node<T>): number {
  let count = 1;
  for (const child of node.children?.values() ?? []) count += countNodes(child);
  return count;
}
