/** Messages of WAMP v1, read from beside the project: a session of v2 must not misread them. test/router-bridge/wamp1 reads them as what they are. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { ProtocolViolation } from "../../packages/wamp/index.ts";
import { serializers } from "../../packages/wamp/serializer/index.ts";
import { rawOctets } from "../support/raw-message.ts";
import { shared } from "../support/shared.ts";

const path = shared("wamp-vectors/derived/wamp1-messages.json");

describe("messages of WAMP v1", { skip: path ? false : "no wamp-vectors; PINION_SHARED says where" }, () => {
  if (!path) return;
  const vectors: unknown = JSON.parse(readFileSync(path, "utf8"));

  test("are each refused as violations of WAMP v2", () => {
    const lists = messagesIn(vectors);
    assert.ok(lists.length > 10);
    for (const list of lists) {
      assert.throws(() => serializers.json.parse(rawOctets("json", list)), ProtocolViolation, JSON.stringify(list));
    }
  });
});

/** Every list that begins with a number, however deep. */
function messagesIn(value: unknown): readonly unknown[][] {
  if (Array.isArray(value)) return typeof value[0] === "number" ? [value] : value.flatMap(messagesIn);
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(messagesIn) : [];
}
