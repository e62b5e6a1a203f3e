export { readAccounts, writeAccounts } from "./accounts-file.ts";
export { answersPings } from "./answers-pings.ts";
export { channelId } from "./channel-id.ts";
export { ConnectError, type ConnectErrorCode } from "./connect-error.ts";
export { connect, connector, type ConnectorOptions } from "./connector.ts";
export { nodeCrypto } from "./node-crypto.ts";
export { nodeClient, type NodeClientOptions } from "./node-client.ts";
export { type CredentialFiles, readCredentials } from "./read-credentials.ts";
export { RawSocketTransport } from "./raw-socket-transport.ts";
