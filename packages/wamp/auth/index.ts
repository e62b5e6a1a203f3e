export * from "./auth-crypto.ts";
export * from "./cryptosign.ts";
export * from "./octets.ts";
export * from "./ticket.ts";
export * from "./wamp-cra.ts";
export * from "./wamp-scram.ts";
