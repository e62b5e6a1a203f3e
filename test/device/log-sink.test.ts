import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { LogSink, MOST_WAITING } from "../../device/log-sink.ts";
import { temporaryFolder } from "../support/programs.ts";

test("lines come out whole and in order, and flushed waits for the last", async (t) => {
  const file = join(temporaryFolder(t), "log");
  const fd = openSync(file, "w");
  const sink = new LogSink(fd);
  const lines = Array.from({ length: 5_000 }, (_, i) => `line ${String(i)} ü\n`);
  for (const line of lines) sink.write(line);
  await sink.flushed();
  await sink.flushed();
  closeSync(fd);
  assert.equal(readFileSync(file, "utf8"), lines.join(""));
});

test("a descriptor that takes nothing ends the log and nothing else", async (t) => {
  const file = join(temporaryFolder(t), "log");
  const fd = openSync(file, "w");
  closeSync(fd);
  const sink = new LogSink(fd + 10_000);
  sink.write("lost\n");
  await sink.flushed();
  sink.write("lost too\n");
  await sink.flushed();
  sink.flushSync();
});

test("a reader that does not read costs no more than the bound, and is told what it missed", async (t) => {
  const pipe = join(temporaryFolder(t), "pipe");
  execFileSync("mkfifo", [pipe]);
  const both = openSync(pipe, "r+");
  const sink = new LogSink(both);
  const line = `${"x".repeat(1_023)}\n`;
  const count = (MOST_WAITING / 1_024) * 3;
  for (let i = 0; i < count; i += 1) sink.write(line);
  const chunk = Buffer.alloc(65_536);
  let text = "";
  const reader = await open(pipe, "r");
  while (!text.includes("dropped")) {
    const { bytesRead } = await reader.read(chunk);
    text += chunk.toString("latin1", 0, bytesRead);
  }
  await reader.close();
  closeSync(both);
  assert.ok(text.length < MOST_WAITING * 2.5, String(text.length));
  assert.match(text, /\d+ log lines were dropped/);
});
