/** A client on a virtual clock, with a record of its states and of what it could tell nobody else. */
import type { Connector } from "@pinion/wamp";
import { Client, type ClientOptions, type ClientStatus } from "@pinion/wamp/client";
import type { VirtualClock } from "./virtual-clock.ts";

export interface TestClient {
  readonly client: Client;
  readonly statuses: ClientStatus[];
  readonly errors: { error: unknown; where: string }[];
  /** The states so far, in order. */
  readonly states: () => string;
}

export function testClient(clock: VirtualClock, connect: Connector, options: Partial<ClientOptions> = {}): TestClient {
  const errors: { error: unknown; where: string }[] = [];
  const statuses: ClientStatus[] = [];
  const client = new Client({
    connect,
    realm: "realm1",
    timers: clock,
    clock: clock.now,
    random: () => 0.5,
    onError: (error, where) => errors.push({ error, where }),
    ...options,
  });
  client.onState((status) => statuses.push(status));
  return { client, statuses, errors, states: () => statuses.map((status) => status.state).join(" ") };
}
