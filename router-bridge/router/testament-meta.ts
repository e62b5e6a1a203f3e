/** What is to be published when a session is gone (spec, session testaments). */
import {
  ApplicationError,
  ErrorUri,
  keptPayload,
  payloadOf,
  ProtocolViolation,
  toId,
  type Publish,
  type RequestId,
  type Uri,
} from "@pinion/wamp";
import type { Broker } from "./broker.ts";
import { LIMIT_EXCEEDED } from "./limits.ts";
import type { MetaCall, MetaProcedures } from "./meta-api.ts";
import type { MetaArguments } from "./meta-arguments.ts";
import type { RouterContext } from "./router-context.ts";
import { TESTAMENT_SCOPES, type Testaments, type TestamentScope } from "./testaments.ts";

interface Executors<P> {
  readonly testaments: Testaments<P>;
  readonly broker: Broker<P>;
  readonly context: RouterContext<P>;
}

export function testamentProcedures<P>(executors: Executors<P>): MetaProcedures<P> {
  return {
    "wamp.session.add_testament": (call) => {
      add(executors, call);
      return [];
    },
    "wamp.session.flush_testaments": ({ caller, given }) => {
      executors.testaments.flush(caller, scopeOf(given));
      return [];
    },
  };
}

function add<P>({ testaments, broker, context }: Executors<P>, { caller, given }: MetaCall<P>): void {
  const scope = scopeOf(given);
  const { payload, octets } = keptPayload(payloadOf(given.list(1, "args"), given.dict(2, "kwargs")));
  const publication: Publish = {
    type: "PUBLISH",
    // nobody is there to be answered
    request: toId<RequestId>(1),
    options: { ...given.keywordDict("publish_options"), acknowledge: false },
    topic: given.string(0, "topic") as Uri, // checked by the broker below, as in every PUBLISH
    payload,
  };
  const permission = checked(() => broker.publishPermission(caller, publication));
  if ("error" in permission) throw new ApplicationError(permission.error, [permission.words]);
  const { testamentsPerSession, testamentOctets } = context.limits;
  const held = testaments.of(caller);
  const total = held.reduce((sum, one) => sum + one.octets, octets);
  if (held.length >= testamentsPerSession || total > testamentOctets) {
    const words = `a session may leave ${testamentsPerSession} testaments of ${testamentOctets} octets together`;
    throw new ApplicationError(LIMIT_EXCEEDED, [words]);
  }
  testaments.add(caller, scope, { publication, permission, octets });
}

function scopeOf(given: MetaArguments): TestamentScope {
  const asked = given.keywordString("scope") ?? "destroyed";
  const scope = TESTAMENT_SCOPES.find((one) => one === asked);
  if (scope) return scope;
  throw new ApplicationError(ErrorUri.invalidArgument, ["the keyword argument scope must be detached or destroyed"]);
}

/** Options that would be a violation in PUBLISH are a wrong argument here. */
function checked<T>(ask: () => T): T {
  try {
    return ask();
  } catch (fault) {
    if (!(fault instanceof ProtocolViolation)) throw fault;
    throw new ApplicationError(ErrorUri.invalidArgument, [`publish_options: ${fault.message}`]);
  }
}
