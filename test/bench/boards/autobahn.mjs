/*
 * The board side as a bare script on autobahn: one pin in memory, so many readings a second. Usage: URL [READINGS/S].
 * Run as a bundle by bench:device. What it sends is what pinion-device sends; checks, numbering across
 * reconnects, drivers, descriptions and health are not there.
 */
import autobahn from "autobahn";
import { readings, setPin } from "./board.mjs";

const [url, rate] = process.argv.slice(2);
const connection = new autobahn.Connection({ url, realm: "realm1" });

connection.onopen = async (session) => {
  await session.register("device.gpio.set", ([pin, value]) => setPin(pin, value));
  readings(Number(rate ?? 0), (name, value, details) => session.publish(`sensor.${name}`, [value], details));
};
connection.open();
