/**
 * Owns wildcard patterns with a value each: a tree by component, in which an empty component of a pattern stands for
 * exactly one component of the URI (spec "Wildcard Matching"; no globbing). A lookup walks the URI's components.
 */
interface Node<T> {
  value: T | undefined;
  named: Map<string, Node<T>> | undefined;
  any: Node<T> | undefined;
}

export class WildcardTree<T> {
  readonly #root: Node<T> = emptyNode();

  /** Nodes held: at most one for each component of each pattern, and the root. Walks the whole tree. */
  get nodes(): number {
    return countNodes(this.#root);
  }

  set(pattern: string, value: T): void {
    let node = this.#root;
    for (const component of pattern.split(".")) {
      node = childFor(node, component);
    }
    node.value = value;
  }

  delete(pattern: string): void {
    remove(this.#root, pattern.split("."), 0);
  }

  /** Appends the values of all patterns that match `uri`, more specific components first. */
  collect(uri: string, found: T[]): void {
    collectFrom(this.#root, uri, 0, found);
  }

  /**
   * The value of the best pattern for `uri` (spec "Pattern-based Registrations"): the longest run of components before the
   * first wildcard, then before the second, and so on. Trying the named child before the wildcard is that order.
   */
  best(uri: string): T | undefined {
    return bestFrom(this.#root, uri, 0);
  }
}

function emptyNode<T>(): Node<T> {
  return { value: undefined, named: undefined, any: undefined };
}

function childFor<T>(node: Node<T>, component: string): Node<T> {
  if (component === "") return (node.any ??= emptyNode());
  const known = node.named?.get(component);
  if (known !== undefined) return known;
  const child = emptyNode<T>();
  (node.named ??= new Map()).set(component, child);
  return child;
}

/** Takes the value out and prunes; true if `node` became empty. */
function remove<T>(node: Node<T>, components: readonly string[], depth: number): boolean {
  const component = components[depth];
  if (component === undefined) {
    node.value = undefined;
  } else {
    const child = component === "" ? node.any : node.named?.get(component);
    if (child !== undefined && remove(child, components, depth + 1)) {
      if (component === "") node.any = undefined;
      else node.named?.delete(component);
      if (node.named?.size === 0) node.named = undefined;
    }
  }
  return node.value === undefined && node.any === undefined && node.named === undefined;
}

function collectFrom<T>(node: Node<T>, uri: string, from: number, found: T[]): void {
  const dot = uri.indexOf(".", from);
  const component = dot < 0 ? uri.slice(from) : uri.slice(from, dot);
  const named = node.named?.get(component);
  if (named !== undefined) enter(named, uri, dot, found);
  if (node.any !== undefined) enter(node.any, uri, dot, found);
}

function enter<T>(node: Node<T>, uri: string, dot: number, found: T[]): void {
  if (dot >= 0) collectFrom(node, uri, dot + 1, found);
  else if (node.value !== undefined) found.push(node.value);
}

function bestFrom<T>(node: Node<T>, uri: string, from: number): T | undefined {
  const dot = uri.indexOf(".", from);
  const component = dot < 0 ? uri.slice(from) : uri.slice(from, dot);
  const named = node.named?.get(component);
  const byName = named && (dot < 0 ? named.value : bestFrom(named, uri, dot + 1));
  if (byName !== undefined) return byName;
  return node.any && (dot < 0 ? node.any.value : bestFrom(node.any, uri, dot + 1));
}

function countNodes<T>(node: Node<T>): number {
  let count = 1 + (node.any === undefined ? 0 : countNodes(node.any));
  for (const child of node.named?.values() ?? []) count += countNodes(child);
  return count;
}
