/** `pinion auth`: the accounts of a router, in the file that its configuration names as `auth.file`. */
import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { nodeCrypto, readAccounts, readCredentials, writeAccounts } from "@pinion/client";
import {
  type Account,
  fromHex,
  identifyingCredentials,
  methodsOf,
  noAccounts,
  SCRAM_KDFS,
  type ScramKdf,
  SECRET_METHODS,
  secretCredentials,
  type SecretMethod,
  UsageError,
} from "@pinion/wamp";
import { type Command, Option } from "commander";
import { CommandFailure, ExitStatus } from "./exit-status.ts";
import { askSecret } from "./ask-secret.ts";
import { makeKeyFile } from "./key-file.ts";
import { madeUpSecret } from "./make-secret.ts";

interface FileOptions {
  readonly accounts: string;
}

interface AddOptions extends FileOptions {
  readonly role: string;
  readonly secretFile?: string | undefined;
  readonly ask?: boolean | undefined;
  readonly publicKey?: string | undefined;
  readonly newKey?: string | undefined;
  readonly certificate?: string | undefined;
  readonly commonName?: string | undefined;
  readonly kdf: ScramKdf;
  readonly cra: "salted" | "plain";
  readonly realm?: readonly string[] | undefined;
  readonly method?: "cryptosign" | "tls" | (typeof SECRET_METHODS)[number] | undefined;
  readonly replace?: boolean | undefined;
}

const MIN_SECRET = 8;

export function addAuthCommands(program: Command): void {
  const auth = program.command("auth").description("accounts of a router: who may log in, and in which role");
  withFile(auth.command("add").argument("<authid>"))
    .description("make an account; without a secret or key one is made up and printed once")
    .requiredOption("--role <role>", "device, viewer, operator, maintainer, backend, or one of auth.roles")
    .addOption(
      new Option(
        "--method <method>",
        "only this method; default: wamp-scram, wampcra and ticket by one secret",
      ).choices([...SECRET_METHODS, "cryptosign", "tls"]),
    )
    .addOption(
      new Option("--kdf <kdf>", "for wamp-scram; argon2id13 needs Node 24.7 on both ends")
        .choices(SCRAM_KDFS)
        .default("pbkdf2"),
    )
    .addOption(
      new Option("--cra <form>", "plain: the file keeps the secret itself, for WAMP-CRA clients that know no salt")
        .choices(["salted", "plain"])
        .default("salted"),
    )
    .option("--secret-file <file>", "take the secret from this file")
    .option("--ask", "ask for the secret")
    .option("--public-key <hex>", "log in by cryptosign with this key")
    .option("--new-key <file>", "make an Ed25519 key, write it to this file, log in by cryptosign")
    .option("--certificate <file>", "log in by this TLS client certificate, in PEM")
    .option(
      "--common-name <name>",
      "log in by a TLS client certificate of this common name that tls.clientCa vouches for",
    )
    .option("--realm <realm...>", "let it join these realms only")
    .option("--replace", "make the account anew if it is there")
    .action((authid: string, options: AddOptions) => add(authid, options));
  withFile(auth.command("list"))
    .description("print the accounts: authid, role, methods")
    .action(({ accounts }: FileOptions) => list(accounts));
  withFile(auth.command("remove").argument("<authid>"))
    .description("remove an account; the router ends its open sessions")
    .action((authid: string, { accounts }: FileOptions) => remove(authid, accounts));
}

function withFile(command: Command): Command {
  command.addOption(
    new Option("--accounts <file>", "the accounts file, auth.file of the router (required)").env("PINION_ACCOUNTS"),
  );
  return command.hook("preAction", () => {
    if (command.opts()["accounts"] !== undefined) return;
    throw usage(
      "which accounts? Give the file that auth.file of the router's configuration names: --accounts <file>, or PINION_ACCOUNTS",
    );
  });
}

async function add(authid: string, options: AddOptions): Promise<void> {
  if (authid === "" || authid.length > 256 || /\p{Cc}/u.test(authid)) {
    throw usage("an authid has 1 to 256 characters, none of them a control character");
  }
  const before = existsSync(options.accounts) ? readAccounts(options.accounts) : noAccounts(nodeCrypto);
  const present = before.accounts.some((one) => one.authid === authid);
  if (present && options.replace !== true) throw usage(`${authid} is there already; --replace makes it anew`);
  const { account, told } = await newAccount(authid, options);
  const others = before.accounts.filter((one) => one.authid !== authid);
  refuseTaken(account, others);
  writeAccounts(options.accounts, { ...before, accounts: [...others, account] });
  console.error(
    `${present ? "replaced" : "added"} ${authid} (${account.role}: ${methodsOf(account).join(", ")}) in ${options.accounts}`,
  );
  if (told !== undefined) console.log(told);
}

interface NewAccount {
  readonly account: Account;
  /** What is printed, once: a secret that was made up. */
  readonly told?: string;
}

async function newAccount(authid: string, options: AddOptions): Promise<NewAccount> {
  const { method, role, realm } = options;
  const base = { authid, role, ...(realm === undefined ? {} : { realms: realm }) };
  const own = { ...keyCredentials(options), ...certificateCredentials(options) };
  if (Object.keys(own).length > 0) {
    if (options.secretFile !== undefined || options.ask === true) throw usage("give a key or a secret, not both");
    return { account: { ...base, ...own } };
  }
  if (method === "cryptosign") throw usage("cryptosign needs --public-key or --new-key");
  if (method === "tls") throw usage("tls needs --certificate or --common-name");
  const given = await givenSecret(options);
  const secret = given ?? madeUpSecret();
  const methods = method === undefined ? SECRET_METHODS : [method];
  const account = { ...base, ...(await credentialsFrom(secret, methods, options)) };
  return given === undefined ? { account, told: secret } : { account };
}

async function credentialsFrom(
  secret: string,
  methods: readonly SecretMethod[],
  { cra, kdf }: AddOptions,
): Promise<Pick<Account, SecretMethod>> {
  if (cra === "salted") return await secretCredentials(nodeCrypto, secret, methods, kdf);
  if (!methods.includes("wampcra")) throw usage("--cra plain is for wampcra");
  console.error(
    "warning: with --cra plain the accounts file holds the secret itself: whoever can read the file can log in",
  );
  const others = methods.filter((one) => one !== "wampcra");
  return { ...(await secretCredentials(nodeCrypto, secret, others, kdf)), wampcra: { secret } };
}

function keyCredentials({ method, publicKey, newKey }: AddOptions): Pick<Account, "cryptosign"> {
  if (publicKey === undefined && newKey === undefined) return {};
  if (publicKey !== undefined && newKey !== undefined) throw usage("--public-key and --new-key exclude each other");
  if (method !== undefined && method !== "cryptosign") throw usage(`a key does not serve ${method}`);
  return { cryptosign: [publicKey === undefined ? makeKeyFile(newKey ?? "") : checkedKey(publicKey)] };
}

function certificateCredentials({ method, certificate, commonName }: AddOptions): Pick<Account, "tls"> {
  if (certificate === undefined && commonName === undefined) return {};
  if (method !== undefined && method !== "tls") throw usage(`a certificate does not serve ${method}`);
  return {
    tls: {
      ...(certificate === undefined ? {} : { fingerprints: [fingerprintOf(certificate)] }),
      ...(commonName === undefined ? {} : { commonNames: [commonName] }),
    },
  };
}

function fingerprintOf(file: string): string {
  try {
    return new X509Certificate(readFileSync(file)).fingerprint256.replaceAll(":", "").toLowerCase();
  } catch (error) {
    throw usage(`${file} is no certificate in PEM: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function refuseTaken(account: Account, others: readonly Account[]): void {
  const own = identifyingCredentials(account);
  for (const other of others) {
    const taken = identifyingCredentials(other).find((one) => own.includes(one));
    if (taken === undefined) continue;
    if (taken.startsWith("the public key"))
      throw usage(`that key is the one of ${other.authid}: every account needs its own`);
    throw usage(`${taken} is the one of ${other.authid}: every account needs its own`);
  }
}

async function givenSecret({ secretFile, ask }: AddOptions): Promise<string | undefined> {
  const secret = ask === true ? await askSecret() : readCredentials({ secretFile }).secret;
  if (secret !== undefined && secret.length < MIN_SECRET) throw usage(`a secret has at least ${MIN_SECRET} characters`);
  return secret;
}

function checkedKey(text: string): string {
  if (fromHex(text, 32) === undefined) throw usage("a public key is 64 hexadecimal digits");
  return text.toLowerCase();
}

function list(file: string): void {
  for (const account of readAccounts(file).accounts) {
    // an authid may be anything, so it must not steer the terminal
    console.log(
      [account.authid, account.role, methodsOf(account).join(",")]
        .map((text) => text.replaceAll(/\p{Cc}/gu, " "))
        .join("\t"),
    );
  }
}

function remove(authid: string, file: string): void {
  const before = readAccounts(file);
  const accounts = before.accounts.filter((one) => one.authid !== authid);
  if (accounts.length === before.accounts.length) {
    throw new CommandFailure(ExitStatus.applicationError, `there is no account ${authid} in ${file}`);
  }
  writeAccounts(file, { ...before, accounts });
  console.error(`removed ${authid} from ${file}`);
}

function usage(words: string): UsageError {
  return new UsageError("invalid_option", words);
}
