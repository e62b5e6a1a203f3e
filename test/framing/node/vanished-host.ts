/**
 * Runs inside a network namespace of its own (`unshare -rn`). A second namespace behind a virtual cable is the other host:
 * it connects, is sent one message, and then vanishes as a host without power does: no FIN, no RST, no acknowledgement.
 * Prints the code with which the connection ended, or `none`.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { listenRawSocket } from "net-socket-raw-framing/node";

const [HERE, THERE] = ["10.77.0.1", "10.77.0.2"];
/** Nobody else is in this namespace. */
const PORT = 7777;
const MAC = "02:00:00:00:00:02";
/** The other host's program, in plain script: handshake, then nothing. */
const PEER = `const s=require("net").connect(${String(PORT)},"${HERE}",()=>s.write(Buffer.from("7ff10000","hex")));s.resume();setTimeout(()=>{},60000)`;

function run(command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr}`);
  return stdout;
}

/** The control: without the watch the kernel would try for a quarter of an hour. */
const watched = process.argv[2] !== "unwatched";
const host = spawn("unshare", ["-n", "sleep", "60"], { stdio: "ignore" });
const pid = String(host.pid);
const inHost = ["-t", pid, "-n"];
// the namespace is there once the child has become `sleep`
while (spawnSync("readlink", [`/proc/${pid}/exe`], { encoding: "utf8" }).stdout.includes("unshare"));
run("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1", "address", MAC, "netns", pid);
run("ip", "addr", "add", `${HERE}/24`, "dev", "v0");
run("ip", "link", "set", "v0", "up");
run("nsenter", ...inHost, "ip", "addr", "add", `${THERE}/24`, "dev", "v1");
run("nsenter", ...inHost, "ip", "link", "set", "v1", "up");

const connected = Promise.withResolvers<void>();
const ended = Promise.withResolvers<string>();
await listenRawSocket({
  host: HERE,
  port: PORT,
  serializers: [1],
  userTimeout: watched ? 1500 : false,
  keepAlive: false,
  onConnection: (connection) => {
    connection.start({ onMessage: () => undefined, onClose: (error) => ended.resolve(error?.code ?? "none") });
    vanish = () => {
      run("nsenter", ...inHost, "ip", "addr", "flush", "dev", "v1");
      connection.send(new Uint8Array(100));
    };
    connected.resolve();
  },
});
let vanish = (): void => undefined;
const peer = spawn("nsenter", [...inHost, process.execPath, "-e", PEER], { stdio: "ignore" });
await connected.promise;
// an address that is looked up again would tell the kernel that the host is gone
run("ip", "neigh", "replace", THERE, "lladdr", MAC, "nud", "permanent", "dev", "v0");
vanish();
const late = setTimeout(() => ended.resolve("none"), watched ? 8000 : 3000);
console.log(await ended.promise);
clearTimeout(late);
peer.kill("SIGKILL");
host.kill("SIGKILL");
await Promise.all([once(peer, "exit"), once(host, "exit")]);
// the vanished peer will not take its end
process.exit(0);
