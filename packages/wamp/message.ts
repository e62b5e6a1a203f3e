import type { PublicationId, RegistrationId, RequestId, SessionId, SubscriptionId } from "./id.ts";
import type { Payload } from "./payload.ts";
import type { Uri } from "./uri.ts";

/** A WAMP dict: string keys, any value the serializer can carry. Unknown keys are kept and ignored. */
export type Dict = Readonly<Record<string, unknown>>;

/*
 * Every message of WAMP v2 as a plain object. `type` is the spec's word; the numeric code, the direction and the element
 * order live in message-table.ts. Fields are named after the spec's elements. `payload` stands for Args and KwArgs.
 */
export interface Hello {
  readonly type: "HELLO";
  readonly realm: Uri;
  readonly details: Dict;
}
export interface Welcome {
  readonly type: "WELCOME";
  readonly session: SessionId;
  readonly details: Dict;
}
export interface Abort {
  readonly type: "ABORT";
  readonly details: Dict;
  readonly reason: Uri;
  readonly payload: Payload;
}
export interface Challenge {
  readonly type: "CHALLENGE";
  readonly method: string;
  readonly extra: Dict;
}
export interface Authenticate {
  readonly type: "AUTHENTICATE";
  readonly signature: string;
  readonly extra: Dict;
}
export interface Goodbye {
  readonly type: "GOODBYE";
  readonly details: Dict;
  readonly reason: Uri;
}
export interface ErrorMessage {
  readonly type: "ERROR";
  /** The numeric code of the request this answers: 16, 32, 34, 48, 64, 66 or 68. */
  readonly requestType: number;
  readonly request: RequestId;
  readonly details: Dict;
  readonly error: Uri;
  readonly payload: Payload;
}
export interface Publish {
  readonly type: "PUBLISH";
  readonly request: RequestId;
  readonly options: Dict;
  readonly topic: Uri;
  readonly payload: Payload;
}
export interface Published {
  readonly type: "PUBLISHED";
  readonly request: RequestId;
  readonly publication: PublicationId;
}
export interface Subscribe {
  readonly type: "SUBSCRIBE";
  readonly request: RequestId;
  readonly options: Dict;
  readonly topic: Uri;
}
export interface Subscribed {
  readonly type: "SUBSCRIBED";
  readonly request: RequestId;
  readonly subscription: SubscriptionId;
}
export interface Unsubscribe {
  readonly type: "UNSUBSCRIBE";
  readonly request: RequestId;
  readonly subscription: SubscriptionId;
}
/** `request` is 0 only in a revocation, which then carries `details`. */
export interface Unsubscribed {
  readonly type: "UNSUBSCRIBED";
  readonly request: RequestId | 0;
  readonly details?: Dict;
}
export interface Event {
  readonly type: "EVENT";
  readonly subscription: SubscriptionId;
  readonly publication: PublicationId;
  readonly details: Dict;
  readonly payload: Payload;
}
export interface Call {
  readonly type: "CALL";
  readonly request: RequestId;
  readonly options: Dict;
  readonly procedure: Uri;
  readonly payload: Payload;
}
export interface Cancel {
  readonly type: "CANCEL";
  readonly request: RequestId;
  readonly options: Dict;
}
export interface Result {
  readonly type: "RESULT";
  readonly request: RequestId;
  readonly details: Dict;
  readonly payload: Payload;
}
export interface Register {
  readonly type: "REGISTER";
  readonly request: RequestId;
  readonly options: Dict;
  readonly procedure: Uri;
}
export interface Registered {
  readonly type: "REGISTERED";
  readonly request: RequestId;
  readonly registration: RegistrationId;
}
export interface Unregister {
  readonly type: "UNREGISTER";
  readonly request: RequestId;
  readonly registration: RegistrationId;
}
/** `request` is 0 only in a revocation, which then carries `details`. */
export interface Unregistered {
  readonly type: "UNREGISTERED";
  readonly request: RequestId | 0;
  readonly details?: Dict;
}
export interface Invocation {
  readonly type: "INVOCATION";
  readonly request: RequestId;
  readonly registration: RegistrationId;
  readonly details: Dict;
  readonly payload: Payload;
}
export interface Interrupt {
  readonly type: "INTERRUPT";
  readonly request: RequestId;
  readonly options: Dict;
}
export interface Yield {
  readonly type: "YIELD";
  readonly request: RequestId;
  readonly options: Dict;
  readonly payload: Payload;
}

export type Message =
  | Hello
  | Welcome
  | Abort
  | Challenge
  | Authenticate
  | Goodbye
  | ErrorMessage
  | Publish
  | Published
  | Subscribe
  | Subscribed
  | Unsubscribe
  | Unsubscribed
  | Event
  | Call
  | Cancel
  | Result
  | Register
  | Registered
  | Unregister
  | Unregistered
  | Invocation
  | Interrupt
  | Yield;

export type MessageType = Message["type"];
