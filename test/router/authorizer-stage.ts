/** A router whose guests are judged by a procedure, which a peer of the test offers. */
import type {
  AuthorizerFault,
  Authenticator,
  Denial,
  DynamicAuthorization,
  RouterOptions,
} from "../../router-bridge/router/index.ts";
import { RoleRules } from "../../router-bridge/router/index.ts";
import { argsOf, uri, World, type Peer } from "./world.ts";

export const AUTHORIZER = uri("com.example.authorize");
const ROLES = {
  backend: [{ uri: "", match: "prefix", allow: ["call", "register", "publish", "subscribe"] }],
  guest: [{ uri: "com.secret.", match: "prefix", deny: ["call", "publish", "subscribe", "register"] }],
} as const;

/** Names are roles: who joins as `guest-2` is a guest of that authid. */
const byName: Authenticator = ({ hello }) => {
  const authid = String(hello.details["authid"]);
  const [authrole = ""] = authid.split("-");
  return { kind: "welcome", identity: { authid, authrole, authmethod: "test", authprovider: "test" } };
};

export interface Stage {
  readonly world: World;
  readonly authorizer: Peer;
  readonly faults: AuthorizerFault[];
  readonly denials: Denial[];
  readonly join: (authid: string) => Peer;
}

export function stage(rules: Partial<DynamicAuthorization> = {}, options: Partial<RouterOptions> = {}): Stage {
  const faults: AuthorizerFault[] = [];
  const denials: Denial[] = [];
  const world = new World({
    authenticator: byName,
    authorizer: new RoleRules(ROLES, () => undefined),
    dynamicAuthorizer: {
      procedureFor: (role) => (role === "guest" || role === "backend" ? AUTHORIZER : undefined),
      timeout: 5_000,
      cache: { entries: 100, age: 60_000 },
      onFault: (fault) => faults.push(fault),
      onDenied: (denial) => denials.push(denial),
      ...rules,
    },
    ...options,
  });
  const roles = { publisher: {}, subscriber: {}, caller: {}, callee: { features: { call_canceling: true } } };
  const join = (authid: string): Peer => world.join(authid, { roles, authid });
  const authorizer = join("backend-1");
  authorizer.register(AUTHORIZER);
  return { world, authorizer, faults, denials, join };
}

/** Answers the one question that is open. */
export function answer(authorizer: Peer, value: unknown): readonly unknown[] {
  const question = authorizer.takeOne("INVOCATION");
  authorizer.yield(question.request, [value]);
  return argsOf(question);
}
