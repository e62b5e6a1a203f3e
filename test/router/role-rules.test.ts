/** Rights by role: what rules cover, what they do not, and the roles that are shipped. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { isUri, matches, type Match } from "../../packages/wamp/index.ts";
import type { Action } from "../../router-bridge/router/authorizer.ts";
import { type Denial, RoleRules, type Roles, SHIPPED_ROLES } from "../../router-bridge/router/index.ts";
import { covers, overlaps, type Pattern } from "../../router-bridge/router/pattern-cover.ts";
import { id, uri } from "./world.ts";

const asker = (authrole: string, authid = "pump") => ({
  id: id(1),
  realm: uri("realm1"),
  identity: { authid, authrole, authmethod: "ticket", authprovider: "test" },
});

function may(roles: Roles, who: ReturnType<typeof asker>, asked: readonly [Action, string, Match?]): boolean {
  const [action, topic, match = "exact"] = asked;
  return new RoleRules(roles, () => undefined).authorize(who, action, uri(topic), match).allowed;
}

const component = fc.constantFrom("a", "b", "ab");
const exact = fc.array(component, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("."));
const pattern: fc.Arbitrary<Pattern> = fc.oneof(
  exact.map((text) => ({ uri: text, match: "exact" as const })),
  fc.tuple(exact, fc.boolean()).map(([text, dot]) => ({ uri: dot ? `${text}.` : text, match: "prefix" as const })),
  fc.constant({ uri: "", match: "prefix" as const }),
  fc
    .array(fc.oneof(component, fc.constant("")), { minLength: 1, maxLength: 3 })
    .map((parts) => ({ uri: parts.join("."), match: "wildcard" as const })),
);

test("covers and overlaps agree with every URI there is", () => {
  fc.assert(
    fc.property(pattern, pattern, fc.array(exact, { minLength: 1, maxLength: 20 }), (outer, inner, uris) => {
      for (const text of uris) {
        const both = [outer, inner].map((one) => matches(one.uri, one.match, text));
        if (covers(outer, inner) && both[1] === true) assert.equal(both[0], true, `${text} is in the inner one only`);
        if (both[0] === true && both[1] === true) assert.equal(overlaps(outer, inner), true, text);
      }
      assert.equal(overlaps(outer, inner), overlaps(inner, outer));
    }),
    { numRuns: 2_000 },
  );
});

test("a pattern is covered by itself and, if it means anything, overlaps itself", () => {
  fc.assert(
    fc.property(pattern, (one) => {
      assert.equal(covers(one, one), true);
      assert.equal(overlaps(one, one), true);
    }),
  );
});

const ROLES: Roles = {
  some: [
    { uri: "a.", match: "prefix", allow: ["subscribe", "publish"] },
    { uri: "a.secret", deny: ["subscribe"] },
    { uri: "b..c", match: "wildcard", allow: ["call"] },
    { uri: "x", allow: ["call"], disclose: true },
    { uri: "y", allow: ["publish"] },
    { uri: "y", allow: ["publish"], trustlevel: 2 },
    { uri: "", match: "prefix", allow: ["publish"], trustlevel: 1 },
    { uri: "own.<authid>.", match: "prefix", allow: ["register"] },
  ],
};

for (const [allowed, ...asked] of [
  [true, "subscribe", "a.b"],
  [true, "publish", "a.secret"],
  [false, "subscribe", "a.secret"],
  [false, "subscribe", "a.", "prefix"],
  [true, "subscribe", "a.t", "prefix"],
  [false, "subscribe", "a", "prefix"],
  [false, "subscribe", "", "prefix"],
  [false, "subscribe", "a.", "wildcard"],
  [true, "subscribe", "a.b.", "wildcard"],
  [false, "subscribe", ".b", "wildcard"],
  [true, "call", "b.anything.c"],
  [false, "call", "b.c"],
  [false, "call", "b.x.y.c"],
  [false, "register", "b.x.c"],
  [true, "call", "x"],
  [false, "call", "x.y"],
  [true, "register", "own.pump.set"],
  [true, "register", "own.pump.", "prefix"],
  [false, "register", "own.pumpkin.set"],
  [false, "register", "own.", "prefix"],
  [false, "register", "own.<authid>.set"],
] as const) {
  test(`to ${asked.join(" ")} is ${allowed ? "allowed" : "denied"}`, () => {
    assert.equal(may(ROLES, asker("some"), asked), allowed);
  });
}

test("an authid that is no single component has no names of its own", () => {
  for (const authid of ["", "a.b", ".", "a b", "#"]) {
    assert.equal(may(ROLES, asker("some", authid), ["register", `own.${authid}.set`]), false, JSON.stringify(authid));
  }
});

test("a role that is not there may do nothing, whatever it is called", () => {
  for (const role of ["nobody", "constructor", "__proto__", ""]) {
    assert.equal(may(ROLES, asker(role), ["call", "x"]), false);
  }
});

test("a denial names who tried what, and says no more to the peer than its role", () => {
  const denials: Denial[] = [];
  const rules = new RoleRules(ROLES, (denial) => denials.push(denial));
  const decision = rules.authorize(asker("some"), "call", uri("device.gpio.set"), "exact");
  assert.deepEqual(decision, {
    allowed: false,
    reason: "wamp.error.not_authorized",
    words: "role some may not call device.gpio.set",
  });
  assert.equal(denials.length, 1);
  assert.equal(denials[0]?.principal.identity.authid, "pump");
  assert.deepEqual([denials[0]?.action, denials[0]?.uri], ["call", "device.gpio.set"]);
});

test("disclosure is as the allowing rule says", () => {
  const rules = new RoleRules(ROLES, () => undefined);
  assert.deepEqual(rules.authorize(asker("some"), "call", uri("x"), "exact"), { allowed: true, disclose: true });
  assert.deepEqual(rules.authorize(asker("some"), "publish", uri("y"), "exact"), { allowed: true, trustlevel: 2 });
  assert.deepEqual(rules.authorize(asker("some"), "call", uri("b.b.c"), "exact"), { allowed: true });
});

const shipped = (role: string, ...asked: readonly [Action, string, Match?]): boolean =>
  may(SHIPPED_ROLES, asker(role), asked);

test("device: its own procedures and readings, and nothing of another board", () => {
  assert.ok(shipped("device", "register", "device.pump.gpio.set"));
  assert.ok(shipped("device", "publish", "sensor.pump.tank_level"));
  assert.ok(shipped("device", "publish", "device.announce"));
  assert.ok(shipped("device", "subscribe", "device.discover"));
  assert.ok(!shipped("device", "register", "device.door.gpio.set"));
  assert.ok(!shipped("device", "register", "device.pumpkin.gpio.set"));
  assert.ok(!shipped("device", "register", "device.gpio.set"));
  assert.ok(!shipped("device", "publish", "sensor.door.open"));
  assert.ok(!shipped("device", "call", "device.door.gpio.set"));
  assert.ok(!shipped("device", "subscribe", "sensor.", "prefix"));
});

test("single-device: the one board of a realm has every board's names, and nothing else", () => {
  for (const uri of ["device.describe", "device.gpio.set", "device.my_kind.act"])
    assert.ok(shipped("single-device", "register", uri), uri);
  for (const uri of ["sensor.tank", "device.health", "device.announce"])
    assert.ok(shipped("single-device", "publish", uri), uri);
  assert.ok(shipped("single-device", "subscribe", "device.discover"));
  for (const uri of ["com.example.act", "wamp.session.kill", "pinion.accounts.enroll"])
    assert.ok(!shipped("single-device", "register", uri), uri);
  assert.ok(!shipped("single-device", "call", "device.gpio.set"));
  assert.ok(!shipped("single-device", "subscribe", "sensor.tank"));
  assert.ok(!shipped("device", "register", "device.gpio.set"), "in a fleet no board has the names without an id");
});

test("viewer: sees and reads, and switches nothing", () => {
  for (const name of ["describe", "health", "pump.describe", "gpio.get", "pump.gpio.get", "thermal.read"]) {
    assert.ok(shipped("viewer", "call", `device.${name}`), name);
  }
  assert.ok(shipped("viewer", "subscribe", "sensor.", "prefix"));
  for (const name of ["gpio.set", "pump.gpio.set", "gpio.pulse", "serial.write", "pump.serial.write"]) {
    assert.ok(!shipped("viewer", "call", `device.${name}`), name);
  }
  assert.ok(!shipped("viewer", "publish", "sensor.tank"));
  assert.ok(!shipped("viewer", "subscribe", "", "prefix"));
  assert.ok(!shipped("viewer", "call", "wamp.session.kill"));
});

test("operator: works every board, and can neither pose as one nor throw sessions out", () => {
  assert.ok(shipped("operator", "call", "device.pump.gpio.set"));
  assert.ok(shipped("operator", "call", "device.gpio.set"));
  assert.ok(shipped("operator", "call", "wamp.session.list"));
  assert.ok(!shipped("operator", "register", "device.pump.gpio.set"));
  assert.ok(!shipped("operator", "publish", "sensor.tank"));
  assert.ok(!shipped("operator", "call", "wamp.session.kill"));
});

test("backend: everything", () => {
  assert.ok(shipped("backend", "register", "com.example.add"));
  assert.ok(shipped("backend", "subscribe", "", "prefix"));
  assert.ok(shipped("backend", "call", "wamp.session.kill"));
});

test("every shipped rule is a pattern", () => {
  for (const rule of Object.values(SHIPPED_ROLES).flat()) {
    assert.ok(isUri(rule.uri.replace("<authid>", "x"), rule.match ?? "exact"), rule.uri);
  }
});

test("only a maintainer, and a backend, may change a board's program and configuration, in a fleet too", () => {
  const procedures = ["update.begin", "update.write", "update.finish", "config.apply", "config.confirm", "config.show"];
  for (const name of procedures) {
    for (const topic of [`device.${name}`, `device.pump.${name}`]) {
      for (const role of ["maintainer", "backend"])
        assert.equal(shipped(role, "call", topic), true, `${role} ${topic}`);
      for (const role of ["operator", "viewer", "device"]) {
        assert.equal(shipped(role, "call", topic), false, `${role} ${topic}`);
      }
    }
  }
  for (const role of ["maintainer", "backend", "operator", "viewer", "device"]) {
    const may = role === "maintainer" || role === "backend";
    assert.equal(shipped(role, "call", "pinion.accounts.enroll"), may, role);
  }
  assert.equal(shipped("operator", "call", "device.gpio.set"), true);
  assert.equal(shipped("operator", "call", "device.pump.gpio.set"), true);
  for (const topic of ["device.update", "device.pump.update"]) {
    assert.equal(shipped("viewer", "subscribe", topic), true);
    assert.equal(shipped("viewer", "call", topic), false);
  }
});
