/**
 * What a driver remembers beyond one opening: answers to calls, who moved what. Lives in memory as long as the host, which has one
 * for each entry of its configuration; knows nothing of what is in it.
 */

/** Answers what `make` made the first time it was asked for under this name. */
export type Remembered = <Value extends object>(name: string, make: () => Value) => Value;

export function newMemory(): Remembered {
  const kept = new Map<string, object>();
  return <Value extends object>(name: string, make: () => Value): Value => {
    const known = kept.get(name);
    if (known !== undefined) return known as Value; // made by the same driver, under the same name
    const made = make();
    kept.set(name, made);
    return made;
  };
}
