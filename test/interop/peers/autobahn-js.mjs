/*
 * Another maker's WAMP client, in the four roles. Usage: autobahn-js.mjs URL SERIALIZER NAME. What it does is said in
 * autobahn-python.py.
 */
import { createRequire } from "node:module";
import { XMLHttpRequest } from "./xml-http-request.mjs";

const autobahn = createRequire(import.meta.url)("autobahn");
const [url, serializer, name] = process.argv.slice(2);

const makers = { json: "JSONSerializer", msgpack: "MsgpackSerializer", cbor: "CBORSerializer" };
const serializers = [new autobahn.serializer[makers[serializer]]()];
globalThis.XMLHttpRequest = XMLHttpRequest;
const raw = /^rs:\/\/(.+):(\d+)$/.exec(url);
const transport = raw
  ? { type: "rawsocket", host: raw[1], port: Number(raw[2]), serializers }
  : { type: url.startsWith("http") ? "longpoll" : "websocket", url, serializers };

/** Its promises tell of progress through a third argument, which no other promise has. */
const watched = (call, onProgress) => Reflect.apply(call.then, call, [undefined, undefined, onProgress]);

const connection = new autobahn.Connection({ realm: "realm1", transports: [transport], max_retries: 0 });

connection.onopen = async (session) => {
  const acknowledge = { acknowledge: true };
  await session.register(`interop.${name}.add`, ([a, b]) => a + b);
  await session.register(`interop.${name}.echo`, (args, kwargs) => new autobahn.Result(args, kwargs));
  await session.register(`interop.${name}.parts`, (_args, _kwargs, { progress }) => {
    for (const part of ["a", "b", "c".repeat(100_000)]) progress([part]);
    return "end";
  });
  await session.register(`interop.${name}.slow`, () => new Promise(() => {}));
  await session.register(`interop.${name}.fail`, () => {
    throw new autobahn.Error("interop.error.refused", ["because", 42], { hint: "try later" });
  });
  await session.subscribe(`interop.${name}.ping`, async (args, kwargs) => {
    const seen = { args: args ?? [], kwargs: kwargs ?? {} };
    seen.sum = await session.call("interop.pinion.add", [20, 3]);
    const echoed = await session.call("interop.pinion.echo", [1, "ä"], { deep: { list: [null, true] } });
    seen.echo = { args: echoed.args, kwargs: echoed.kwargs };
    seen.parts = [];
    const progressive = { receive_progress: true };
    seen.end = await watched(session.call("interop.pinion.parts", [], {}, progressive), (part) =>
      seen.parts.push(part),
    );
    await session.call("interop.pinion.fail").catch((error) => {
      seen.error = { uri: error.error, args: error.args, kwargs: error.kwargs };
    });
    await session.call("interop.pinion.nowhere").catch((error) => {
      seen.nowhere = error.error;
    });
    const slow = session.call("interop.pinion.slow", [name], {}, progressive);
    await watched(slow, () => slow.cancel({ mode: "kill" })).catch((error) => {
      seen.canceled = error.error === "wamp.error.canceled";
    });
    await session.publish(`interop.${name}.pong`, [seen], {}, acknowledge);
  });
  await session.subscribe(`interop.${name}.lea`, () => connection.close(), { match: "prefix" });
  await session.publish("interop.ready", [name], {}, acknowledge);
};
connection.onclose = (reason, details) => {
  if (reason !== "closed") console.error("closed:", reason, JSON.stringify(details));
  process.exit(reason === "closed" ? 0 : 1);
};
connection.open();
