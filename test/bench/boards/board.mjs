/* A pin in memory, and ten made-up sensors: what both bare scripts do, without a word about how it is sent. */
import { randomUUID } from "node:crypto";

const SENSORS = 10;
const boot = randomUUID();
const levels = new Map();

export function setPin(pin, value) {
  const previous = levels.get(pin) ?? 0;
  levels.set(pin, value);
  return { pin, requested: value, readBack: levels.get(pin), previous, t: Date.now() };
}

/** So many a second, from ten sensors at the same interval; each with the details that a reading has. */
export function readings(rate, publish) {
  if (rate === 0) return;
  for (let sensor = 0; sensor < SENSORS; sensor += 1) {
    const name = `s${sensor}`;
    let seq = 0;
    setInterval(
      () => {
        const t = Date.now();
        seq += 1;
        const value = Number(Math.sin(t / 1000).toFixed(2));
        publish(name, value, {
          unit: "Cel",
          t,
          mono: performance.now(),
          boot,
          seq,
          quality: "simulated",
          device: "bench",
        });
      },
      (SENSORS * 1000) / rate,
    );
  }
}
