/** Where and how a client of the load process connects. Crosses the boundary between the two processes, so plain data. */
export interface Endpoint {
  readonly port: number;
  /** `bare`: frames without a session, for the programs that copy octets. */
  readonly protocol: "wamp" | "mqtt" | "bare";
  readonly framing: "raw" | "websocket" | "mqtt";
  readonly serializer: "json" | "msgpack";
  /** Of a WebSocket. */
  readonly path: string;
}
