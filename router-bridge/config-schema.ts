/** The one schema of the router-bridge's configuration: types, checks, defaults and the words of its errors. */
import { Type, type Static } from "typebox";
import { AUTH_METHODS } from "@pinion/wamp";
import { count, milliseconds, octets } from "./bounded-number.ts";
import { limits, rate } from "./limits-schema.ts";
import { pages } from "./page-settings.ts";
import { longPoll, maxMessage, rawSocket } from "./transport-schema.ts";
import { wamp1 } from "./wamp1-schema.ts";

const ROLE = "^[a-zA-Z0-9_-]{1,64}$";
type Action = "call" | "register" | "publish" | "subscribe";

const closed = { additionalProperties: false } as const;
const serializer = Type.Union([Type.Literal("json"), Type.Literal("msgpack"), Type.Literal("cbor")]);

const tls = Type.Object(
  {
    cert: Type.String({ minLength: 1, examples: ["/etc/pinion/cert.pem"] }),
    key: Type.String({ minLength: 1, examples: ["/etc/pinion/key.pem"] }),
    clientCa: Type.Optional(
      Type.String({
        minLength: 1,
        description: "PEM file of the authorities that sign clients' certificates; clients are asked for theirs",
        examples: ["/etc/pinion/clients.pem"],
      }),
    ),
    clientCertificate: Type.Optional(
      Type.Union([Type.Literal("request"), Type.Literal("require")], {
        description: "require: without a certificate that clientCa vouches for there is no connection at all",
      }),
    ),
  },
  closed,
);

const tcpListener = Type.Object(
  {
    tcp: Type.String({
      pattern: "^(\\[[0-9a-fA-F:.]+\\]|[^\\s:\\[\\]]+):[0-9]{1,5}$",
      description: "host:port",
      examples: ["127.0.0.1:8080"],
    }),
    tls: Type.Optional(tls),
    insecure: Type.Optional(Type.Boolean({ description: "allow an address other than loopback without TLS" })),
    oldRawSocket: Type.Optional(serializer),
  },
  closed,
);

const unixListener = Type.Object(
  {
    unix: Type.String({ minLength: 1, maxLength: 107, examples: ["/run/pinion/router.sock"] }),
    mode: Type.String({
      pattern: "^0[0-7]{3}$",
      default: "0600",
      description: 'octal, in quotes: "0600" for the owner only',
      examples: ["0660"],
    }),
    oldRawSocket: Type.Optional(serializer),
  },
  closed,
);

const webSocket = Type.Object(
  {
    path: Type.String({ pattern: "^/[^\\s?#]*$", default: "/ws", examples: ["/ws"] }),
    origins: Type.Array(Type.String({ pattern: "^(\\*|https?://[^/\\s]+)$", examples: ["https://panel.example"] }), {
      default: [],
      description: "pages from elsewhere that may connect; * for all",
    }),
    hosts: Type.Array(Type.String({ pattern: "^[^\\s/:]+$", examples: ["pi.example"] }), {
      default: [],
      description: "names under which this machine may be addressed, besides its addresses and localhost",
    }),
    maxMessage,
    maxBatch: count(1024, "messages of one batch received"),
    pingInterval: milliseconds(15_000, "how often a silent peer is pinged"),
    pingTimeout: milliseconds(30_000, "a peer silent for this long is gone"),
  },
  { ...closed, default: {} },
);

const upstream = Type.Object(
  {
    url: Type.String({
      minLength: 1,
      description: "rs, rss, tcp, tcps, ws or wss://host:port, or unix:///path",
      examples: ["rs://127.0.0.1:8081"],
    }),
    serializer: Type.Optional(serializer),
    ca: Type.Optional(Type.String({ minLength: 1, description: "PEM file of the authority that signed the router" })),
    maxMessage,
    connectTimeout: milliseconds(10_000, "until the router's transport is open"),
    pingInterval: Type.Optional(milliseconds(15_000, "raw-socket PING; some routers die of it")),
    acceptRemote: Type.Boolean({
      default: false,
      description: "let peers from other machines through to a router that takes them for local ones",
    }),
  },
  closed,
);

const actions = (verb: string) =>
  Type.Optional(
    Type.Array(
      Type.Union(["call", "register", "publish", "subscribe"].map((action) => Type.Literal(action as Action))), // of the list
      { minItems: 1, uniqueItems: true, description: `what the rule ${verb}`, examples: [["call"]] },
    ),
  );

const rule = Type.Object(
  {
    uri: Type.String({ maxLength: 512, description: "URI or pattern; <authid> is who asks", examples: ["sensor."] }),
    match: Type.Optional(Type.Union([Type.Literal("exact"), Type.Literal("prefix"), Type.Literal("wildcard")])),
    allow: actions("allows"),
    deny: actions("denies, whatever else allows it"),
    disclose: Type.Optional(Type.Boolean({ description: "true: others learn who called or published; false: never" })),
    trustlevel: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 1_000_000, description: "told to callees and subscribers, 0 the lowest" }),
    ),
  },
  closed,
);

const slowConsumer = Type.Union([Type.Literal("disconnect"), Type.Literal("coalesce"), Type.Literal("drop-oldest")], {
  description: "what happens to a peer whose queue is over its bounds",
});

const rules = Type.Array(rule, { maxItems: 1000 });
const authorizerProcedure = Type.String({
  minLength: 1,
  description: "a procedure that decides, for what no rule denies",
  examples: ["com.example.authorize"],
});

const authorizer = Type.Union([
  authorizerProcedure,
  Type.Object(
    {
      procedure: Type.Optional(authorizerProcedure),
      roles: Type.Optional(
        Type.Array(Type.String({ minLength: 1 }), { uniqueItems: true, description: "only these; default: all" }),
      ),
      timeout: milliseconds(5000, "without an answer in time the request is denied"),
      cacheEntries: Type.Integer({
        minimum: 0,
        maximum: 1_000_000,
        default: 10_000,
        description: "answers remembered; 0: none",
      }),
      cacheAge: Type.Integer({
        minimum: 0,
        maximum: 86_400_000,
        default: 60_000,
        description: "milliseconds for which an answer is believed; 0: not at all",
      }),
    },
    closed,
  ),
]);

const roleSettings = Type.Object(
  {
    authorizer: Type.Optional(Type.Union([authorizerProcedure, Type.Literal(false)])),
    rules: Type.Optional(rules),
    rate: Type.Optional(rate),
    slowConsumer: Type.Optional(slowConsumer),
  },
  closed,
);

const cookie = Type.Object(
  {
    name: Type.String({ pattern: "^[A-Za-z0-9_-]{1,64}$", default: "pinion_session" }),
    maxAge: Type.Integer({
      minimum: 1000,
      maximum: 365 * 86_400_000,
      default: 7 * 86_400_000,
      description: "milliseconds; how long a browser stays logged in",
    }),
    capacity: count(10_000, "browsers that are logged in at a time; the oldest goes for one more"),
  },
  { ...closed, description: "lets a browser log in again without being asked; {} for the defaults" },
);

const authenticatorProcedure = Type.String({
  minLength: 1,
  description: "a procedure that says who may log in, for those who have no account",
  examples: ["com.example.authenticate"],
});

const authenticator = Type.Union([
  authenticatorProcedure,
  Type.Object(
    {
      procedure: authenticatorProcedure,
      realm: Type.Optional(
        Type.String({ minLength: 1, description: "where it is registered; default: the one to join" }),
      ),
      methods: Type.Optional(
        Type.Array(Type.Union(AUTH_METHODS.map((method) => Type.Literal(method))), {
          minItems: 1,
          uniqueItems: true,
          description: "it is asked for these only; default: all of auth.methods",
        }),
      ),
      timeout: milliseconds(5000, "without an answer in time the login fails"),
    },
    closed,
  ),
]);

const auth = Type.Object(
  {
    file: Type.String({
      minLength: 1,
      description: "the accounts, as `pinion auth add` writes them",
      examples: ["/etc/pinion/accounts.json"],
    }),
    methods: Type.Array(Type.Union([...AUTH_METHODS, "cookie" as const].map((method) => Type.Literal(method))), {
      default: [...AUTH_METHODS],
      minItems: 1,
      uniqueItems: true,
      description: "by which clients may log in",
    }),
    cookie: Type.Optional(cookie),
    authenticator: Type.Optional(authenticator),
    anonymous: Type.Optional(
      Type.Object(
        {
          role: Type.String({ minLength: 1, examples: ["viewer"] }),
          remote: Type.Boolean({ default: false, description: "also from other machines" }),
        },
        closed,
      ),
    ),
    roles: Type.Record(Type.String({ pattern: ROLE }), Type.Union([rules, roleSettings]), {
      default: {},
      description: "rules by role, besides or instead of device, viewer, operator, maintainer and backend",
    }),
    authorizer: Type.Optional(authorizer),
    maxFailures: count(10, "failed logins of one authid from one machine within failureWindow"),
    maxFailuresPerMachine: count(100, "failed logins of all authids from one machine within failureWindow"),
    failureWindow: milliseconds(60_000, "how long failed logins count"),
    rememberedFailures: count(
      10_000,
      "authids and machines whose failed logins are remembered; the oldest are forgotten",
    ),
  },
  closed,
);

const history = Type.Object(
  {
    topic: Type.String({ maxLength: 512, description: "topic or pattern", examples: ["sensor."] }),
    match: Type.Optional(Type.Union([Type.Literal("exact"), Type.Literal("prefix"), Type.Literal("wildcard")])),
    events: count(1000, "events kept"),
    age: Type.Integer({
      minimum: 1,
      maximum: 31 * 86_400_000,
      default: 86_400_000,
      description: "milliseconds; how long an event is kept",
    }),
    octets: octets(4 * 1024 * 1024, "roughly, of the events kept"),
  },
  closed,
);

const metrics = Type.Object(
  {
    path: Type.String({ pattern: "^/[^\\s?#]+$", default: "/metrics", examples: ["/metrics"] }),
    listen: Type.Optional(
      Type.String({
        pattern: "^(\\[[0-9a-fA-F:.]+\\]|[^\\s:\\[\\]]+):[0-9]{1,5}$",
        description: "host:port of their own",
        examples: ["127.0.0.1:9464"],
      }),
    ),
    insecure: Type.Optional(Type.Boolean({ description: "allow an address other than loopback; there is no TLS" })),
  },
  closed,
);

export const configSchema = Type.Object(
  {
    realms: Type.Array(Type.String({ minLength: 1, examples: ["realm1"] }), {
      default: ["realm1"],
      minItems: 1,
      uniqueItems: true,
    }),
    listen: Type.Array(Type.Union([tcpListener, unixListener]), { default: [{ tcp: "127.0.0.1:8080" }], minItems: 1 }),
    websocket: webSocket,
    rawsocket: rawSocket,
    longpoll: longPoll,
    wamp1: Type.Optional(wamp1),
    dashboard: Type.Boolean({ default: true }),
    dashboardFolder: Type.Optional(Type.String({ minLength: 1 })),
    pages,
    upstream: Type.Optional(upstream),
    auth: Type.Optional(auth),
    history: Type.Array(history, {
      default: [],
      maxItems: 100,
      description: "topics whose past events can be asked for, in memory, in every realm",
    }),
    metrics: Type.Union([Type.Boolean(), metrics], {
      default: false,
      description: "figures for Prometheus; true: at /metrics of the main port, for this machine only",
    }),
    limits,
    log: Type.Object(
      {
        level: Type.Union(
          ["debug", "info", "warn", "error", "silent"].map((level) => Type.Literal(level)),
          { default: "info" },
        ),
      },
      { ...closed, default: {} },
    ),
  },
  closed,
);

export type Config = Static<typeof configSchema>;
export type TcpListener = Static<typeof tcpListener>;
export type UnixListener = Static<typeof unixListener>;
export type ListenerConfig = TcpListener | UnixListener;
export type HistoryConfig = Static<typeof history>;
export type AuthConfig = Static<typeof auth>;
export type LongPollConfig = Static<typeof longPoll>;
export type RawSocketConfig = Static<typeof rawSocket>;
export type Wamp1Config = Static<typeof wamp1>;
export type UpstreamConfig = Static<typeof upstream>;
export type TlsListener = Static<typeof tls>;
export type MetricsConfig = Static<typeof metrics>;
