import type { PublicationId } from "../id.ts";
import type { Dict } from "../message.ts";
import type { ClientOptions } from "./client-options.ts";
import type { ClientState, ClientStatus, JoinedSession } from "./client-status.ts";
import type {
  CallOptions,
  CallResult,
  EventHandler,
  InvocationHandler,
  PublishOptions,
  Registration,
  RegisterOptions,
  SubscribeOptions,
  Subscription,
} from "./conversation-options.ts";

export declare class Client {
  constructor(options: ClientOptions);
  get state(): ClientState;
  get status(): ClientStatus;
  get session(): JoinedSession | undefined;
  open(): void;
  ready(signal?: AbortSignal): Promise<void>;
  onState(listener: (status: ClientStatus) => void): () => void;
  call(procedure: string, args?: readonly unknown[], kwargs?: Dict, options?: CallOptions): Promise<CallResult>;
  publish(
    topic: string,
    args?: readonly unknown[],
    kwargs?: Dict,
    options?: PublishOptions,
  ): Promise<PublicationId | undefined>;
  register(procedure: string, handler: InvocationHandler, options?: RegisterOptions): Promise<Registration>;
  subscribe(topic: string, handler: EventHandler, options?: SubscribeOptions): Promise<Subscription>;
  close(reason?: string, message?: string): Promise<void>;
}
