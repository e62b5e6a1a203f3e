export { ApplicationError } from "@pinion/wamp";
export { browserCrypto } from "./browser-crypto.ts";
export { pageClient, type PageClientOptions } from "./page-client.ts";
