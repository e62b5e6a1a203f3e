export * from "./id.ts";
export * from "./uri.ts";
export * from "./error-uri.ts";
export * from "./errors.ts";
export * from "./message.ts";
export * from "./payload.ts";
export type * from "./transport.ts";
