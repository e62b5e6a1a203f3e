/**
 * Time as a router needs it: it looks at the clock for each message, and one chunk of input holds hundreds of them. Owns the time
 * that it read last, and the knowledge that nothing waits between two messages of one callback of the event loop: such a callback
 * lasts a few milliseconds, and by so much the time is late at most.
 */

/** `read` is asked once in each callback of the event loop in which anybody wants to know. */
export function callbackClock(read: () => number): () => number {
  const ready = Promise.resolve();
  let known: number | undefined;
  const forget = (): void => {
    known = undefined;
  };
  return () => {
    if (known !== undefined) return known;
    // microtasks run when the callback ends; Node's queueMicrotask costs several times as much
    void ready.then(forget);
    return (known = read());
  };
}
