import assert from "node:assert/strict";
import { test } from "node:test";
import { formatProblems, type Problem } from "@pinion/config";
import { readConfig, readConfigText } from "../../router-bridge/config.ts";
import { explainListenError } from "../../router-bridge/listeners/listen.ts";
import { Upstream } from "../../router-bridge/relay/open-upstream.ts";
import { formatHostPort, isLoopback, parseHostPort } from "../../router-bridge/listeners/address.ts";

function only(text: string): Problem {
  const result = readConfigText(text, "bridge.yaml");
  assert.equal(result.ok, false, text);
  const problems = result.ok ? [] : result.problems;
  assert.equal(problems.length, 1, formatProblems(problems));
  const [problem] = problems;
  assert.ok(problem);
  return problem;
}

test("without a file the defaults hold: realm1, one plain loopback listener, WebSocket at /ws, a dashboard", () => {
  const result = readConfig(undefined);
  assert.ok(result.ok);
  const { realms, listen, websocket, dashboard, limits, log } = result.config;
  assert.deepEqual(realms, ["realm1"]);
  assert.deepEqual(listen, [{ tcp: "127.0.0.1:8080" }]);
  assert.deepEqual([websocket.path, websocket.origins, websocket.hosts], ["/ws", [], []]);
  assert.deepEqual([websocket.pingInterval, websocket.pingTimeout], [15_000, 30_000]);
  assert.equal(dashboard, true);
  assert.deepEqual([limits.connections, limits.queueOctets, limits.firstOctetTimeout], [1024, 8_388_608, 10_000]);
  assert.equal(log.level, "info");
});

for (const [what, yaml, line, key, cure] of [
  ["an unknown key", "realms: [a]\nbogus: x\n", 2, "bogus", /remove 'bogus'/],
  ["a misspelt key", "realms: [a]\nlisetn: []\n", 2, "lisetn", /did you mean 'listen'/],
  ["a realm that is no URI", "realms:\n  - ok\n  - a b\n", 3, "realms[1]", /without spaces/],
  ["no realm at all", "realms: []\n", 1, "realms", /realm1/],
  ["a realm twice", "realms: [a, a]\n", 1, "realms", /realm1/],
  ["no listener at all", "listen: []\n", 1, "listen", /127\.0\.0\.1:8080/],
  ["a listener without port", "listen:\n  - tcp: 127.0.0.1\n", 2, "listen[0].tcp", /127\.0\.0\.1:8080/],
  ["a port that is none", "listen:\n  - tcp: 127.0.0.1:99999\n", 2, "listen[0].tcp", /127\.0\.0\.1:8080/],
  ["all addresses without TLS", "listen:\n  - tcp: 0.0.0.0:8080\n", 2, "listen[0].tcp", /insecure: true/],
  ["another address without TLS", 'listen:\n  - tcp: "[::]:8080"\n', 2, "listen[0].tcp", /tls: \{ cert, key \}/],
  ["a name without TLS", "listen:\n  - tcp: pi.example:8080\n", 2, "listen[0].tcp", /127\.0\.0\.1/],
  [
    "insecure: false without TLS",
    "listen:\n  - { tcp: 0.0.0.0:80, insecure: false }\n",
    2,
    "listen[0].tcp",
    /insecure/,
  ],
  ["TLS without key", "listen:\n  - tcp: 0.0.0.0:1\n    tls: { cert: a }\n", 3, "listen[0].tls.key", /add the key/],
  ["a file mode that is none", "listen:\n  - unix: /x\n    mode: rw\n", 3, "listen[0].mode", /0660/],
  ["a WebSocket path without slash", "websocket:\n  path: ws\n", 2, "websocket.path", /\/ws/],
  ["an origin that is none", "websocket:\n  origins: [panel.example]\n", 2, "websocket.origins[0]", /https:/],
  ["a host with a port", "websocket:\n  hosts: ['a:80']\n", 2, "websocket.hosts[0]", /pi\.example/],
  ["a message limit over the wire's", "websocket:\n  maxMessage: 16777217\n", 2, "websocket.maxMessage", /16777216/],
  ["a history of no topic", "history:\n  - topic: com..t\n", 2, "history[0].topic", /match: prefix/],
  ["a history twice", "history:\n  - topic: a\n  - { topic: a, match: exact }\n", 3, "history[1].topic", /remove one/],
  ["a history without bound", "history:\n  - { topic: a, events: 0 }\n", 2, "history[0].events", /1/],
  ["a ping timeout below its interval", "websocket:\n  pingTimeout: 9\n", 2, "websocket.pingTimeout", /twice/],
  ["an upstream without URL", "upstream: {}\n", 1, "upstream.url", /rs:\/\//],
  ["an upstream URL of HTTP", "upstream:\n  url: http://a:1\n", 2, "upstream.url", /rs:\/\//],
  ["an upstream URL without port", "upstream:\n  url: rs://a\n", 2, "upstream.url", /rs:\/\//],
  ["an unknown serializer", "upstream:\n  url: rs://a:1\n  serializer: jsn\n", 3, "upstream.serializer", /'json'/],
  ["a limit of zero", "limits:\n  connections: 0\n", 2, "limits.connections", /1024/],
  ["a limit in words", "limits:\n  connections: many\n", 2, "limits.connections", /1024/],
  ["bounds in the wrong order", "limits:\n  queueHardOctets: 1000\n", 2, "limits.queueHardOctets", /raise it/],
  ["an unknown log level", "log:\n  level: loud\n", 2, "log.level", /info|debug/],
  ["dashboard: maybe", "dashboard: maybe\n", 1, "dashboard", /true/],
] as const) {
  test(`${what} is told with line, key and cure`, () => {
    const problem = only(yaml);
    assert.deepEqual([problem.file, problem.line, problem.key], ["bridge.yaml", line, key]);
    assert.match(problem.cure, cure);
    assert.notEqual(problem.allowed, "");
  });
}

test("all problems come at once", () => {
  const result = readConfigText("realms: [5]\nlisten: [{ tcp: x }]\nfoo: 1\nlog: { level: x }\n", "f");
  assert.equal(result.ok ? 0 : result.problems.length, 4);
});

test("an open address is accepted with TLS or with insecure: true", () => {
  for (const more of ["insecure: true", "tls: { cert: a, key: b }"]) {
    assert.ok(readConfigText(`listen: [{ tcp: 0.0.0.0:80, ${more} }]`, "f").ok);
  }
});

test("a relay that others reach is refused in front of a router that would take them for local peers", () => {
  const open = "listen: [{ tcp: 0.0.0.0:80, insecure: true }]\n";
  for (const url of ["rs://127.0.0.1:8081", "unix:///run/x", "ws://localhost:8081/ws"]) {
    const problem = only(`${open}upstream:\n  url: ${url}\n`);
    assert.deepEqual([problem.line, problem.key], [3, "upstream.url"]);
    assert.match(problem.cure, /acceptRemote: true/);
    assert.ok(readConfigText(`${open}upstream: { url: "${url}", acceptRemote: true }\n`, "f").ok);
  }
  assert.ok(readConfigText(`${open}upstream: { url: "rs://router.example:8081" }\n`, "f").ok);
});

test("host and port are read and written in brackets where they must be", () => {
  assert.deepEqual(parseHostPort("[::1]:80"), { host: "::1", port: 80 });
  assert.equal(formatHostPort({ host: "::1", port: 80 }), "[::1]:80");
  assert.equal(formatHostPort({ host: "a", port: 0 }), "a:0");
  for (const text of ["", ":80", "a", "a:", "a:65536", "::1:80", "[1.2.3.4]:80", "a b:80", "[::1]80"]) {
    assert.equal(parseHostPort(text), undefined, text);
  }
});

test("loopback is what cannot leave this machine", () => {
  for (const host of [
    "127.0.0.1",
    "127.9.9.9",
    "::1",
    "0:0:0:0:0:0:0:1",
    "::ffff:127.0.0.1",
    "localhost",
    "LOCALHOST.",
  ]) {
    assert.ok(isLoopback(host), host);
  }
  for (const host of [
    "0.0.0.0",
    "::",
    "128.0.0.1",
    "::2",
    "::11",
    "1::1",
    "127.evil.example",
    "localhost.example",
    "",
  ]) {
    assert.ok(!isLoopback(host), host);
  }
});

test("what the system says about listening is put in words: permission_denied, address_not_available, listen_failed", () => {
  for (const [code, named] of [
    ["EACCES", "permission_denied"],
    ["EADDRNOTAVAIL", "address_not_available"],
    ["ENOTFOUND", "address_not_available"],
    ["EADDRINUSE", "port_in_use"],
    ["EMFILE", "listen_failed"],
  ] as const) {
    const error = explainListenError(Object.assign(new Error("system"), { code }), "127.0.0.1:80");
    assert.equal(error.code, named);
    assert.match(error.message, /127\.0\.0\.1:80/);
  }
});

test("an upstream that is no router's address is upstream_invalid", () => {
  const result = readConfigText("upstream: { url: rs://127.0.0.1:1 }", "f");
  assert.ok(result.ok && result.config.upstream !== undefined);
  const config = { ...result.config.upstream, url: "http://127.0.0.1:1" };
  assert.throws(() => new Upstream(config, 5000), { name: "BridgeError", code: "upstream_invalid" });
});
