export * from "./id.ts";
export * from "./uri.ts";
export * from "./error-uri.ts";
export * from "./errors.ts";
export * from "./message.ts";
export * from "./payload.ts";
export { errorMayAnswer, mayBeSentBy, messageTable, type Peer, type Shape, shapeByCode } from "./message-table.ts";
export * from "./serializer/index.ts";
export type * from "./transport.ts";
