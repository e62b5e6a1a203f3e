import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { errorMayAnswer, mayBeSentBy, messageTable, shapeByCode } from "../../packages/wamp/message-table.ts";

describe("the message table", () => {
  test("finds every message by its code and nothing by any other", () => {
    for (const shape of Object.values(messageTable)) assert.equal(shapeByCode(shape.code), shape);
    const codes = new Set(Object.values(messageTable).map(({ code }) => code));
    assert.equal(codes.size, 24);
    for (const code of [-1, 0, 7, 9, 15, 18, 71, 337, 1.5, Number.NaN]) assert.equal(shapeByCode(code), undefined);
  });

  test("says who may send what", () => {
    const both = new Set<string>(["ABORT", "GOODBYE", "ERROR"]);
    const client = new Set<string>([
      "HELLO",
      "AUTHENTICATE",
      "PUBLISH",
      "SUBSCRIBE",
      "UNSUBSCRIBE",
      "CALL",
      "CANCEL",
      "REGISTER",
      "UNREGISTER",
      "YIELD",
    ]);
    for (const { type } of Object.values(messageTable)) {
      assert.equal(mayBeSentBy(type, "client"), both.has(type) || client.has(type), type);
      assert.equal(mayBeSentBy(type, "router"), both.has(type) || !client.has(type), type);
    }
  });

  test("lets a client answer invocations with ERROR, and a router requests", () => {
    assert.deepEqual(
      [16, 32, 34, 48, 64, 66, 68].filter((code) => errorMayAnswer(code, "client")),
      [68],
    );
    assert.deepEqual(
      [16, 32, 34, 48, 64, 66, 68].filter((code) => errorMayAnswer(code, "router")),
      [16, 32, 34, 48, 64, 66],
    );
  });
});
