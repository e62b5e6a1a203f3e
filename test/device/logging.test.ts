import assert from "node:assert/strict";
import { test } from "node:test";
import { logFor, type LogLevel } from "../../device/logging.ts";

function lines(level: LogLevel = "info"): { log: ReturnType<typeof logFor>; written: string[] } {
  const written: string[] = [];
  return { log: logFor({ level, board: "shed", sink: { write: (line) => void written.push(line) } }, "gpio"), written };
}

/** The one line, without its time, which is checked by itself. */
function only(written: readonly string[]): Record<string, unknown> {
  assert.equal(written.length, 1);
  const [line = ""] = written;
  assert.match(line, /^\{"level":\d\d,"time":"\d{4}-\d\d-\d\dT[\d:.]+Z","board":"shed","part":"gpio",.*\}\n$/);
  // one of ours
  const { time: _, ...rest } = JSON.parse(line) as Record<string, unknown>;
  return rest;
}

test("a line is JSON as pino writes it: level, time, whose it is, the details, the words", () => {
  const { log, written } = lines();
  log.warn('GPIO17: "held"\nby another', { code: "busy", retryMs: 500, nothing: undefined });
  assert.ok(written[0]?.endsWith('"code":"busy","retryMs":500,"msg":"GPIO17: \\"held\\"\\nby another"}\n'));
  only(written);
});

test("lines below the level are not written, those at it and above are", () => {
  const { log, written } = lines("warn");
  log.debug("no");
  log.info("no", { a: 1 });
  log.warn("yes");
  log.error("yes");
  assert.deepEqual(
    written.map((line) => (JSON.parse(line) as { level: number }).level), // one of ours
    [40, 50],
  );
});

test("details cannot take the place of what a line says of itself", () => {
  const { log, written } = lines();
  log.info("words", { level: 10, time: "never", board: "other", part: "else", msg: "lies", a: 1 });
  assert.deepEqual(only(written), { level: 30, board: "shed", part: "gpio", msg: "words", a: 1 });
});

test("an error among the details is told with its words and where it arose", () => {
  const { log, written } = lines();
  log.error("it failed", { err: new TypeError("no such pin"), tried: [new Error("first")] });
  const { err, tried } = only(written) as { err: Record<string, string>; tried: Record<string, string>[] }; // written above
  assert.equal(err["type"], "TypeError");
  assert.equal(err["message"], "no such pin");
  assert.match(err["stack"] ?? "", /logging\.test\.ts/);
  assert.equal(tried[0]?.["message"], "first");
});

test("details that JSON cannot hold are told in words, and no shape of them is an error", () => {
  const circle: Record<string, unknown> = { name: "round" };
  circle["self"] = circle;
  for (const details of [circle, { count: 5n }, { toJSON: () => assert.fail("thrown") }]) {
    const { log, written } = lines();
    log.error("it happened", details);
    const line = only(written);
    assert.equal(line["msg"], "it happened");
    assert.match(String(line["details"]), /round|5n|toJSON/);
  }
  const { log, written } = lines();
  log.info("as of a web server", { method: "GET", headers: {}, socket: {}, setHeader: () => undefined });
  assert.deepEqual(only(written)["method"], "GET");
});
