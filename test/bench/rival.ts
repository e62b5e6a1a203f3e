/**
 * One broker or router of others, as its own documentation starts it, without its logs: `rival.ts <name> <port>`. A child of
 * the benchmark; the packages lie in test/peers.
 */
import { createServer } from "node:net";
import { createRequire } from "node:module";

const peers = createRequire(new URL("../peers/package.json", import.meta.url));

type Listening = (port: number) => Promise<void> | void;

const rivals: Readonly<Record<string, Listening>> = {
  aedes: async (port) => {
    // What its documentation shows: a broker with a handler for net's connections.
    const { Aedes } = peers("aedes") as { Aedes: { createBroker(): Promise<{ handle: () => void }> } };
    const broker = await Aedes.createBroker();
    createServer(broker.handle).listen(port, "127.0.0.1");
  },
  "fox-wamp": (port) => {
    // What its documentation shows.
    const Router = peers("fox-wamp") as new () => { listenWAMP(options: { port: number; host: string }): void };
    new Router().listenWAMP({ port, host: "127.0.0.1" });
  },
  "wamp.rt": (port) => {
    // What its documentation shows.
    const Router = peers("wamp.rt") as new (options: { port: number; host: string }) => {
      on(event: string, heard: () => void): void;
    };
    new Router({ port, host: "127.0.0.1" }).on("Publish", () => {});
  },
};

const [name = "", port = ""] = process.argv.slice(2);
const listen = rivals[name];
if (listen === undefined) throw new Error(`no rival named '${name}'; there are: ${Object.keys(rivals).join(", ")}`);
await listen(Number(port));
