/** Calls at the end of this turn of the event loop, many for one immediate of Node's: each of those is some 200 octets. */
export interface EndsTurn {
  turnEnds(): void;
}

let waiting: EndsTurn[] = [];

export function atTurnsEnd(who: EndsTurn): void {
  if (waiting.push(who) === 1) setImmediate(callAll);
}

function callAll(): void {
  const now = waiting;
  waiting = [];
  let called = 0;
  try {
    for (const who of now) {
      called += 1;
      who.turnEnds();
    }
  } finally {
    // one that throws does not cost the others their turn
    if (called < now.length) for (const who of now.slice(called)) atTurnsEnd(who);
  }
}
