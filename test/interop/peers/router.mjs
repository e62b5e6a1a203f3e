/*
 * Another maker's WAMP router, in realm1 on loopback. Usage: router.mjs fox-wamp|wamp.rt PORT. Both are installed in test/peers,
 * speak JSON over WebSocket and know no raw socket.
 */
import { createRequire } from "node:module";

const installed = createRequire(new URL("../../peers/package.json", import.meta.url));
const [program, port] = process.argv.slice(2);
const address = { host: "127.0.0.1", port: Number(port) };

if (program === "fox-wamp") {
  const FoxRouter = installed("fox-wamp");
  const router = new FoxRouter();
  router.getRealm("realm1", () => router.listenWAMP(address));
} else {
  const Router = installed("wamp.rt");
  const router = new Router(address);
  process.once("SIGTERM", () => router.close());
}
