import { readFileSync } from "node:fs";
import { CommandFailure, ExitStatus } from "../exit-status.ts";

const TYPES = /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)$/;
const MAX_OCTETS = 65_536;

/** The public keys of a file, one a line, as authorized_keys has them. @throws CommandFailure that says what is wrong with which line. */
export function readSshKeys(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw refused(`--ssh-key ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (text.includes("PRIVATE KEY")) throw refused(`--ssh-key ${file} is the private key: name ${file}.pub`);
  if (text.length > MAX_OCTETS) throw refused(`--ssh-key ${file} is too large to be a public key`);
  const lines = text.split(/\r?\n/).map((line, i) => ({ line: line.trim(), number: i + 1 }));
  const keys = lines.filter(({ line }) => line !== "" && !line.startsWith("#"));
  if (keys.length === 0) throw refused(`--ssh-key ${file} holds no key`);
  const wrong = keys.find(({ line }) => !isPublicKey(line));
  if (wrong !== undefined) {
    throw refused(
      `--ssh-key ${file}:${String(wrong.number)}: no OpenSSH public key: a line as in ~/.ssh/id_ed25519.pub is wanted`,
    );
  }
  return keys.map(({ line }) => `${line}\n`).join("");
}

/** The octets begin with the type's name, which also finds what was cut short in copying. */
function isPublicKey(line: string): boolean {
  const [type = "", encoded = ""] = line.split(/\s+/);
  if (!TYPES.test(type) || /\p{Cc}/u.test(line) || !/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) return false;
  const octets = Buffer.from(encoded, "base64");
  let at = 0;
  let fields = 0;
  while (at + 4 <= octets.length) {
    const length = octets.readUInt32BE(at);
    if (fields === 0 && octets.toString("latin1", at + 4, at + 4 + length) !== type) return false;
    at += 4 + length;
    fields += 1;
  }
  return at === octets.length && fields >= 2;
}

function refused(words: string): CommandFailure {
  return new CommandFailure(ExitStatus.usage, words);
}
