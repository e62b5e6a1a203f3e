import assert from "node:assert/strict";
import { test } from "node:test";
import { isUri } from "@pinion/wamp";
import { driverErrorUris, toApplicationError } from "../../device/driver-error-uri.ts";
import { DriverError, driverErrorCodes, type DriverErrorCode } from "../../drivers/driver-error.ts";

const expected: Readonly<Record<DriverErrorCode, string>> = {
  aborted: "wamp.error.canceled",
  bad_config: "pinion.error.bad_config",
  busy: "pinion.error.busy",
  closed: "pinion.error.closed",
  driver_fault: "pinion.error.driver_fault",
  invalid_argument: "wamp.error.invalid_argument",
  interlocked: "pinion.error.interlocked",
  io: "pinion.error.io",
  line_too_long: "pinion.error.line_too_long",
  no_permission: "pinion.error.no_permission",
  no_such_device: "pinion.error.no_such_device",
  not_an_output: "wamp.error.invalid_argument",
  not_claimed: "pinion.error.not_claimed",
  not_open: "pinion.error.not_open",
  queue_full: "pinion.error.queue_full",
  rate_limited: "pinion.error.rate_limited",
  timeout: "wamp.error.timeout",
  too_soon: "pinion.error.too_soon",
  unavailable: "wamp.error.unavailable",
  undeclared: "pinion.error.undeclared",
  unknown_action: "wamp.error.no_such_procedure",
  unknown_channel: "wamp.error.invalid_argument",
};

for (const code of driverErrorCodes) {
  test(`${code} crosses the wire as ${expected[code]} with its words, code and cure`, () => {
    const error = toApplicationError(new DriverError(code, "The thing at the place failed", { cure: "Do this." }));
    assert.equal(error.uri, expected[code]);
    assert.ok(isUri(error.uri, "exact", "strict"));
    assert.deepEqual(error.args, ["The thing at the place failed. Do this."]);
    assert.deepEqual(error.kwargs, { code, what: "The thing at the place failed", cure: "Do this." });
  });
}

test("the table has a line for each code and no other", () => {
  assert.deepEqual(Object.keys(driverErrorUris).toSorted(), [...driverErrorCodes]);
});
