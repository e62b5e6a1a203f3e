import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import type { FramingError } from "../../../packages/net-socket-raw-framing/index.ts";
import { parseTcpTables } from "../../../packages/net-socket-raw-framing/node/tcp-table.ts";
import { UserTimeout } from "../../../packages/net-socket-raw-framing/node/user-timeout.ts";

const HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";

function line(local: string, remote: string, timer: string, retransmits: string): string {
  return `   7: ${local} ${remote} 01 00000064:00000000 ${timer}:00000F6C ${retransmits}     0        0 634 1 0 20 4 0 10 -1`;
}

test("the kernel's table tells how often each connection sent its octets again, by both ports, IPv4 and IPv6", () => {
  const four = [
    HEAD,
    line("0100007F:1F90", "0200007F:C350", "01", "0000000B"),
    line("0100007F:1F90", "0200007F:C351", "00", "00000000"),
    line("0100007F:1F90", "0200007F:C352", "04", "00000003"),
  ];
  const six = [HEAD, line(`${"0".repeat(31)}1:1F90`, `${"0".repeat(31)}1:C353`, "01", "00000002"), ""];
  const found = parseTcpTables([four.join("\n"), six.join("\n"), ""]);
  assert.deepEqual(
    [50_000, 50_001, 50_002, 50_003].map((port) => found.get(`8080 ${String(port)}`)),
    // a zero window is no loss: the peer's system answers, its program does not read
    [11, 0, 0, 2],
  );
});

test("two connections of the same ports on different addresses are stuck only when both are", () => {
  const table = [
    HEAD,
    line("0100007F:1F90", "0200007F:C350", "01", "00000005"),
    line("0100007F:1F90", "0300007F:C350", "00", "00000000"),
  ];
  assert.equal(parseTcpTables([table.join("\n")]).get("8080 50000"), 0);
});

interface Line {
  received: number;
  sent: number;
  again: number;
  lost: FramingError | undefined;
  asked: number;
  look(): void;
}

function watched(): Line {
  const state = { received: 0, sent: 0, again: 0, lost: undefined as FramingError | undefined, asked: 0 }; // set below
  const watch = new UserTimeout(
    {
      received: () => state.received,
      sent: () => state.sent,
      retransmissions: () => {
        state.asked += 1;
        return state.again;
      },
      onLost: (error) => (state.lost = error),
    },
    30_000,
  );
  return Object.assign(state, { look: () => watch.look() });
}

test("connection_timed_out: three looks that find octets sent again and nothing acknowledged are a loss", () => {
  const state = watched();
  state.sent = 100;
  for (const again of [3, 4]) {
    state.again = again;
    state.look();
    assert.equal(state.lost, undefined);
  }
  state.again = 5;
  state.sent = 900; // that more was sent is no sign of life
  state.look();
  assert.equal(state.lost?.code, "connection_timed_out");
});

test("whatever is received, and every acknowledgement, is life", () => {
  const state = watched();
  state.sent = 100;
  for (const again of [3, 4, 1, 2, 1, 2, 0, 7, 8]) {
    state.again = again;
    state.look();
  }
  for (const again of [9, 9, 10, 11, 12]) {
    state.received += 1;
    state.again = again;
    state.look();
  }
  assert.equal(state.lost, undefined);
});

test("a connection for which all is acknowledged does not make anybody read the table", () => {
  const state = watched();
  for (let count = 0; count < 10; count += 1) state.look();
  assert.equal(state.asked, 0);
  state.sent = 100;
  for (let count = 0; count < 10; count += 1) state.look();
  assert.equal(state.asked, 2);
});

const unshared = spawnSync("unshare", ["-rn", "true"]).status === 0;

test(
  "a host that vanishes without a word while octets are under way is found gone within the user timeout",
  { skip: unshared ? false : "no network namespaces for this user" },
  () => {
    const program = join(import.meta.dirname, "vanished-host.ts");
    const told = spawnSync("unshare", ["-rn", process.execPath, program], { encoding: "utf8", timeout: 30_000 });
    assert.equal(`${told.stdout}${told.stderr}`.trim(), "connection_timed_out");
    const control = spawnSync("unshare", ["-rn", process.execPath, program, "unwatched"], { encoding: "utf8" });
    assert.equal(`${control.stdout}${control.stderr}`.trim(), "none");
  },
);
