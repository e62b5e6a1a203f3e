export * from "./auth-crypto.ts";
export * from "./cryptosign.ts";
export * from "./octets.ts";
export * from "./ticket.ts";
export * from "./wamp-cra.ts";
export * from "./wamp-scram.ts";
export * from "./account.ts";
export * from "./accounts-text.ts";
