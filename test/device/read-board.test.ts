import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readBoard } from "../../device/read-board.ts";

const folder = mkdtempSync(join(tmpdir(), "pinion-read-board-"));
after(() => rmSync(folder, { recursive: true }));

async function read(text: string): ReturnType<typeof readBoard> {
  const file = join(folder, "board.yaml");
  writeFileSync(file, text);
  return await readBoard(file, "board");
}

test("a driver is found however YAML lets its name be written", async () => {
  const ways = [
    "drivers:\n  - use: thermal\n",
    "drivers:\n  - use:    'thermal' # the zones\n",
    'drivers: [{ "use": "thermal" }]\n',
    "drivers:\n  - ? use\n    : thermal\n",
    "drivers:\n  - use: !!str thermal\n",
    "device: { title: &kind thermal }\ndrivers:\n  - use: *kind\n",
    'drivers:\n  - use: "ther\\x6dal"\n',
  ];
  for (const text of ways) {
    const result = await read(text);
    assert.ok(result.ok, text);
    assert.deepEqual(
      result.board.drivers.map(({ name }) => name),
      ["thermal"],
      text,
    );
  }
});

test("a driver that does not exist is told with all that do", async () => {
  const result = await read("drivers:\n  - use: termal\n  - use: gpio\n    pins: {}\n");
  assert.ok(!result.ok);
  const [problem] = result.problems;
  assert.equal(problem?.key, "drivers[0].use");
  assert.match(problem.allowed, /gpio, serial, .*, simulated|gpio.*thermal.*simulated/);
  assert.match(problem.cure, /'thermal'/);
});

test("a board without drivers needs none", async () => {
  const result = await read("device: { id: bare }\n");
  assert.ok(result.ok);
  assert.deepEqual(result.board.drivers, []);
});

test("a file that is not there is a problem, not an exception", async () => {
  const result = await readBoard(join(folder, "missing.yaml"), "board");
  assert.ok(!result.ok);
  assert.match(result.problems[0]?.found ?? "", /no such file/);
});
