/*
 * Another maker's WAMP client, in the four roles. Usage: wampy.mjs URL SERIALIZER NAME. What it does is said in
 * autobahn-python.py.
 */
import { Wampy } from "wampy";
import { CborSerializer } from "wampy/CborSerializer.js";
import { JsonSerializer } from "wampy/JsonSerializer.js";
import { MsgpackSerializer } from "wampy/MsgpackSerializer.js";
import { WebSocket } from "ws";

const [url, serializer, name] = process.argv.slice(2);
const makers = { json: JsonSerializer, msgpack: MsgpackSerializer, cbor: CborSerializer };
const session = new Wampy(url, {
  realm: "realm1",
  ws: WebSocket,
  serializer: new makers[serializer](),
  autoReconnect: false,
});

const errorOf = (error) => ({
  uri: error.errorUri ?? error.error,
  args: error.argsList ?? [],
  kwargs: error.argsDict ?? {},
});

await session.connect();
await session.register(`interop.${name}.add`, ({ argsList: [a, b] }) => ({ argsList: [a + b] }));
await session.register(`interop.${name}.echo`, ({ argsList, argsDict }) => ({ argsList, argsDict }));
await session.register(`interop.${name}.parts`, ({ result_handler }) => {
  for (const part of ["a", "b", "c".repeat(100_000)]) {
    result_handler({ options: { progress: true }, argsList: [part] });
  }
  return { argsList: ["end"] };
});
await session.register(`interop.${name}.slow`, () => new Promise(() => {}));
await session.register(`interop.${name}.fail`, () => {
  const error = new Error("refused");
  error.error = "interop.error.refused";
  error.argsList = ["because", 42];
  error.argsDict = { hint: "try later" };
  throw error;
});
await session.subscribe(`interop.${name}.ping`, async ({ argsList, argsDict }) => {
  const seen = { args: argsList ?? [], kwargs: argsDict ?? {} };
  seen.sum = (await session.call("interop.pinion.add", [20, 3])).argsList[0];
  const payload = { argsList: [1, "ä"], argsDict: { deep: { list: [null, true] } } };
  const echoed = await session.call("interop.pinion.echo", payload);
  seen.echo = { args: echoed.argsList, kwargs: echoed.argsDict };
  seen.parts = [];
  const progress = { progress_callback: ({ argsList: [part] }) => seen.parts.push(part) };
  seen.end = (await session.call("interop.pinion.parts", [], progress)).argsList[0];
  await session.call("interop.pinion.fail").catch((error) => {
    seen.error = errorOf(error);
  });
  await session.call("interop.pinion.nowhere").catch((error) => {
    seen.nowhere = errorOf(error).uri;
  });
  const begun = { progress_callback: () => session.cancel(request, { mode: "kill" }) };
  const slow = session.call("interop.pinion.slow", [name], begun);
  const request = session.getOpStatus().reqId;
  await slow.catch((error) => {
    seen.canceled = errorOf(error).uri === "wamp.error.canceled";
  });
  await session.publish(`interop.${name}.pong`, { argsList: [seen] }, { acknowledge: true });
});
await session.subscribe(
  `interop.${name}.lea`,
  async () => {
    await session.disconnect();
    process.exit(0);
  },
  { match: "prefix" },
);
await session.publish("interop.ready", { argsList: [name] });
