/** What is behind the virtual board's serial port: a meter that counts, five lines a second. Begins at 1 with each boot. */
let n = 0;

process.stdout.on("error", () => process.exit(0));
setInterval(() => {
  n += 1;
  process.stdout.write(`${JSON.stringify({ n })}\n`);
}, 200);
