/** What ends up in each bundle, read from esbuild's own account of it and from its text. */
import assert from "node:assert/strict";
import { build, type BuildOptions, type Metafile } from "esbuild";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { before, test } from "node:test";
import { dashboardBundle, programBundle } from "../../deploy/build.ts";
import { epollBuilds } from "../../deploy/native-addons.ts";
import { programs } from "../../deploy/programs.ts";

const root = join(import.meta.dirname, "../..");
const MQTT_PACKAGE = /(^|\/)node_modules\/(mqtt|mqtt-packet|aedes|mqemitter)\//;
/** Names that MQTT code cannot do without; none has a place in a WAMP program. */
const MQTT_TEXT = /mqtt-packet|mqttPacket|MQIsdp|"CONNACK"|'CONNACK'/;

interface Account {
  readonly meta: Metafile;
  readonly text: string;
}
const accounts = new Map<string, Account>();

async function account(options: BuildOptions & { metafile: true }): Promise<Account> {
  const result = await build({ ...options, write: false, logLevel: "silent" });
  const text = result.outputFiles
    .filter(({ path }) => /\.(cjs|js|css)$/.test(path))
    .map((file) => file.text)
    .join("\n");
  assert.ok(text.length > 0, "nothing was bundled");
  return { meta: result.metafile, text };
}

function get(name: string): Account {
  const found = accounts.get(name);
  assert.ok(found, `no bundle ${name}`);
  return found;
}

const inputs = (name: string): string[] => Object.keys(get(name).meta.inputs);

/** Inputs of which anything is left in the bundle. */
const kept = (name: string): string[] =>
  Object.values(get(name).meta.outputs).flatMap(({ inputs: parts }) =>
    Object.entries(parts).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  );

before(async () => {
  const epoll = epollBuilds(join(root, "dist/cache"));
  for (const program of programs) accounts.set(program.name, await account(programBundle(program, epoll)));
  accounts.set("dashboard", await account(dashboardBundle()));
});

test("no bundle holds mqtt-packet or any other MQTT code", () => {
  for (const [name, { text }] of accounts) {
    assert.deepEqual(
      inputs(name).filter((path) => MQTT_PACKAGE.test(path)),
      [],
      name,
    );
    assert.doesNotMatch(text, MQTT_TEXT, name);
  }
});

test("the check for MQTT code finds it where it is", () => {
  assert.match("node_modules/mqtt-packet/parser.js", MQTT_PACKAGE);
  assert.match('require("mqtt-packet")', MQTT_TEXT);
});

test("every external import of a Node bundle is a builtin", () => {
  for (const { name } of programs) {
    const outputs = Object.values(get(name).meta.outputs);
    const external = outputs.flatMap(({ imports }) =>
      imports.filter((one) => one.external === true && one.kind !== "file-loader").map(({ path }) => path),
    );
    assert.deepEqual(
      external.filter((path) => !isBuiltin(path) && !path.endsWith(".node")),
      [],
      name,
    );
  }
});

test("the dashboard imports nothing of Node, of the router or of a driver's code", () => {
  const outputs = Object.values(get("dashboard").meta.outputs);
  assert.deepEqual(
    outputs.flatMap(({ imports }) => imports.filter((one) => one.external === true)),
    [],
  );
  const foreign =
    /^(drivers|device|deploy|packages\/(client\/(?!page\/)|cli\/|net-socket-raw-framing)|router-bridge\/(?!dashboard\/))/;
  assert.deepEqual(
    inputs("dashboard").filter((path) => foreign.test(path)),
    [],
  );
});

test("the router-bridge holds no driver, no device code and no hardware library", () => {
  const foreign = /^(drivers|device)\/|node_modules\/(onoff|epoll|serialport|@serialport)\//;
  assert.deepEqual(
    inputs("pinion-router-bridge").filter((path) => foreign.test(path)),
    [],
  );
});

test("the device holds no router and no dashboard", () => {
  assert.deepEqual(
    inputs("pinion-device").filter((path) => path.startsWith("router-bridge/")),
    [],
  );
});

test("the device's own schemas bring only the part of TypeBox that checks, not the engine that computes types", () => {
  assert.deepEqual(
    kept("pinion-device").filter((path) => path.startsWith("node_modules/typebox/build/type/engine/instantiate")),
    [],
  );
});

test("the device holds the hardware libraries that the boards need", () => {
  const koffi = `@koromix/koffi-linux-${process.arch}`;
  for (const library of ["onoff", "epoll", "serialport", "@serialport/bindings-cpp", koffi]) {
    assert.ok(
      inputs("pinion-device").some((path) => path.startsWith(`node_modules/${library}/`)),
      library,
    );
  }
});

test("the command line tool holds no router, driver or device code", () => {
  assert.deepEqual(
    inputs("pinion").filter((path) => /^(router-bridge|drivers|device)\//.test(path)),
    [],
  );
});
