export * from "./client.ts";
export * from "./result.ts";
export * from "./web-socket-connector.ts";
export * from "./web-socket-transport.ts";
export type * from "./client-options.ts";
export type * from "./client-status.ts";
export type * from "./conversation-options.ts";
export type { Ppt } from "./passthru.ts";
export type { ReconnectOptions } from "./reconnect-schedule.ts";
