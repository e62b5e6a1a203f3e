/**
 * A made-up tank meter, for trying Pinion out: one JSON line a second on standard output. `npm start` puts it behind a
 * real pseudo-terminal, so everything from the serial port onwards is the real road of a reading.
 */
const started = Date.now();

function line(): string {
  const seconds = (Date.now() - started) / 1000;
  const temperature = 21 + 3 * Math.sin(seconds / 30) + Math.random() * 0.2;
  const level = 60 + 25 * Math.sin(seconds / 97);
  return `${JSON.stringify({ temperature: Number(temperature.toFixed(2)), level: Number(level.toFixed(1)) })}\n`;
}

// Whoever reads may leave; then there is nothing left to do.
process.stdout.on("error", () => process.exit(0));
setInterval(() => process.stdout.write(line()), 1000);
