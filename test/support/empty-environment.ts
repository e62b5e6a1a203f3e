/** For a process that is to know no setting of whoever runs the tests: where programs are, and where compiled modules lie. */
export function emptyEnvironment(): Readonly<Record<string, string>> {
  const kept = ["PATH", "NODE_COMPILE_CACHE"];
  return Object.fromEntries(
    kept.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}
