/** The example of a driver of one's own, in a process of its own and before a sensor that is played. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { opened } from "./guest-rig.ts";

const text = readFileSync(join(import.meta.dirname, "../../../deploy/examples/drivers/mh-z19.mjs"), "utf8");
const PATH = "/dev/serial0";

test("the example driver reads its sensor, tells when it is gone, and reads it again when it is back", async (t) => {
  const { driver, board, readings, happened } = await opened(t, text, {
    config: { path: PATH, interval: "2s", timeout: "1s" },
    prepare: ({ serial }) => {
      serial.addPort(PATH).answers = () => Uint8Array.of(0xff, 0x86, 0x04, 0xd2, 0, 0, 0, 0, 0xa4);
    },
  });
  await happened(() => readings.length > 0);
  assert.deepEqual(readings[0], { stream: "co2", reading: { value: 1234 } });
  assert.deepEqual(board.serial.port(PATH).written[0]?.slice(0, 3), Uint8Array.of(0xff, 1, 0x86));
  board.serial.port(PATH).unplug();
  await happened(() => readings.at(-1)?.reading.quality === "error");
  assert.match(readings.at(-1)?.reading.cause ?? "", /serial0/);
  board.serial.port(PATH).replug();
  await happened(() => readings.at(-1)?.reading.value === 1234);
  const answer = await driver.invoke("read", "co2", []);
  assert.equal((answer as { value: unknown }).value, 1234); // as the action describes it
  assert.equal(await driver.close(3_000), true);
  assert.equal(board.serial.openPorts, 0);
});
