/** Why ssh has no connection, in words that say what cures it. */
import { CommandFailure, ExitStatus } from "../exit-status.ts";

export interface Place {
  /** As it was named on the command line. */
  readonly name: string;
  /** What ssh makes of it. */
  readonly host: string;
  readonly port: string;
  readonly sshKey?: string | undefined;
}

type Cure = (place: Place) => string;

/** The first that fits. */
const KNOWN: readonly (readonly [pattern: RegExp, what: string, cure: Cure])[] = [
  [
    /REMOTE HOST IDENTIFICATION HAS CHANGED|host key for .* has changed/i,
    "its host key is another one than before",
    (place) =>
      `if its card was written anew, forget the old key: ssh-keygen -R '${knownName(place)}'; if not, somebody may be in between: do not connect`,
  ],
  [
    /Host key verification failed|No \S+ host key is known|authenticity of host/i,
    "its host key is not known here",
    (place) => `connect once by hand, compare the fingerprint and say yes: ${byHand(place)}`,
  ],
  [
    /Could not resolve hostname/i,
    "there is no such host",
    () => "check the name; in your own network it may be <name>.local, or take the address that your router shows",
  ],
  [
    /Connection refused/i,
    "nothing answers there",
    ({ port }) =>
      `is ssh enabled on the board (sudo raspi-config nonint do_ssh 0, or sudo systemctl enable --now ssh), and on port ${port}?`,
  ],
  [
    /timed out|No route to host|Network is unreachable|Host is down|Timeout, server .* not responding/i,
    "it cannot be reached",
    () => "is it switched on, in the same network, and is the address still its own?",
  ],
  [
    /UNPROTECTED PRIVATE KEY/i,
    "ssh does not use a key that others can read",
    ({ sshKey }) => `chmod 600 ${sshKey ?? "<the key>"}`,
  ],
  [
    /Identity file .* not accessible/i,
    "the key cannot be read",
    ({ sshKey }) => `--ssh-key names a private key, and ${sshKey ?? "it"} is none that is there`,
  ],
  [
    /Too many authentication failures/i,
    "it had enough of the keys that ssh offers",
    () => "name the right one: --ssh-key <file>",
  ],
  [
    /Permission denied|No more authentication methods/i,
    "it does not let you in",
    (place) =>
      `give it your key, ssh-copy-id ${options(place)}${place.name}, or name the right one with --ssh-key; is the user right?`,
  ],
  [
    /Connection (reset|closed)|Broken pipe|kex_exchange|closed by remote host/i,
    "the connection was closed",
    () => "if the board was starting anew or its power failed, run this again: what was begun is finished then",
  ],
];

export function sshFailure(stderr: string, place: Place): CommandFailure {
  const found = KNOWN.find(([pattern]) => pattern.test(stderr));
  const last = stderr.trim().split("\n").at(-1) ?? "";
  const own = last === "" ? "" : ` (ssh: ${last.trim()})`;
  const words =
    found === undefined
      ? `${place.name}: ssh failed${own}; what says more: ${byHand(place)} -v`
      : `${place.name}: ${found[1]}: ${found[2](place)}${own}`;
  return new CommandFailure(ExitStatus.cannotConnect, words);
}

/** As known_hosts has it. */
function knownName({ host, port }: Place): string {
  return port === "22" ? host : `[${host}]:${port}`;
}

function byHand(place: Place): string {
  return `ssh ${options(place)}${place.name}`;
}

function options({ port, sshKey }: Place): string {
  return `${sshKey === undefined ? "" : `-i ${sshKey} `}${port === "22" ? "" : `-p ${port} `}`;
}
