/** `npm start` itself, on a port of its own: what it prints, what it serves, how it ends. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { nodeClient } from "@pinion/client";
import { freePort, start, until } from "../support/programs.ts";

const root = join(import.meta.dirname, "../..");

test("npm start serves the page, the simulated board and the meter behind its pty, and ends in order", async (t) => {
  const port = await freePort();
  const all = start(process.execPath, ["deploy/start.ts", "--port", String(port)], root);
  t.after(() => all.stop());
  await until(
    "the address",
    () => all.output().includes(`Dashboard         http://127.0.0.1:${String(port)}/`),
    60_000,
    all.output,
  );
  const page = await fetch(`http://127.0.0.1:${String(port)}/`);
  assert.equal(page.status, 200);
  assert.match(page.headers.get("content-security-policy") ?? "", /default-src 'none'/);

  const client = nodeClient(`rs://127.0.0.1:${String(port)}`, { realm: "realm1" });
  client.open();
  t.after(() => client.close());
  const topics = new Set<string>();
  await client.subscribe("sensor.", ({ topic }) => void topics.add(topic), { match: "prefix" });
  await until(
    "the meter's and the simulated sensor's readings",
    () => topics.has("sensor.tank_level") && topics.has("sensor.outdoor_temperature"),
    30_000,
    all.output,
  );
  await client.call("device.gpio.set", ["relay", 1], {}, { timeout: 10_000 });
  await client.close();
  assert.equal(await all.stop("SIGINT"), 0, all.output());
});

test("Ctrl-C at the terminal, which signals the whole group, ends the board once, at its safe levels", async (t) => {
  const port = await freePort();
  const args = ["deploy/start.ts", "--port", String(port)];
  // the leader of a group, as a shell starts it
  const all = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "inherit"], detached: true });
  t.after(() => all.kill("SIGKILL"));
  let output = "";
  all.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(all, "exit");
  await until(
    "the board",
    () => output.includes("the session is ready"),
    60_000,
    () => output,
  );
  process.kill(-Number(all.pid), "SIGINT");
  await ended;
  assert.equal(all.exitCode, 0, output);
  assert.match(output, /outputs are at their safe level/);
});

test("npm start on a port that is taken says so, with another one to try, and starts nothing", async (t) => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  t.after(() => other.close());
  const address = other.address();
  assert.ok(typeof address === "object" && address !== null);
  const all = start(process.execPath, ["deploy/start.ts", "--port", String(address.port)], root);
  t.after(() => all.stop());
  await until("the end", () => all.process.exitCode !== null, 30_000, all.output);
  assert.equal(all.process.exitCode, 1);
  assert.match(all.output(), /port \d+ is in use by another program; .*npm start -- --port 8081/);
  assert.doesNotMatch(all.output(), /Dashboard/);
});
