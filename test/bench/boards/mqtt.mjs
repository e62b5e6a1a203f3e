/*
 * The board side as a bare script on MQTT.js: one pin in memory, so many readings a second. Usage: URL [READINGS/S].
 * Run as a bundle by bench:device. A request names the topic that its receipt goes to, as MQTT has no calls.
 */
import mqtt from "mqtt";
import { readings, setPin } from "./board.mjs";

const [url, rate] = process.argv.slice(2);
const client = mqtt.connect(url);

client.on("connect", () => {
  client.publish("board/online", "1");
  client.subscribe("device/gpio/set", () => {
    readings(Number(rate ?? 0), (name, value, details) =>
      client.publish(`sensor/${name}`, JSON.stringify({ value, ...details })),
    );
  });
});
client.on("message", (_topic, payload) => {
  const { pin, value, answer } = JSON.parse(payload);
  client.publish(answer, JSON.stringify(setPin(pin, value)));
});
