/** Writes tar archives (ustar) that depend on nothing but their entries. */

export type TarEntry = {
  /** Relative, without a slash at the end; empty for the folder that `prefix` names. */
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
} & (
  | { readonly kind: "file"; readonly content: Uint8Array }
  | { readonly kind: "folder" }
  | { readonly kind: "link"; readonly to: string }
);

const BLOCK = 512;
const TYPE = { file: "0", link: "2", folder: "5" } as const;

/** In the order of their paths, all of root, all of one moment (s since 1970). `prefix` goes before each path. */
export function tar(entries: readonly TarEntry[], seconds: number, prefix = ""): Buffer {
  const sorted = entries.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const blocks = sorted.flatMap((entry) => {
    const content = entry.kind === "file" ? entry.content : new Uint8Array(0);
    const fill = Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK);
    return [header(entry, content.length, seconds, prefix), content, fill];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}

function header(entry: TarEntry, size: number, seconds: number, prefix: string): Buffer {
  const block = Buffer.alloc(BLOCK);
  const [folder, name] = split(`${prefix}${entry.path}${entry.kind === "folder" && entry.path !== "" ? "/" : ""}`);
  const octal = (value: number, at: number, digits: number): void =>
    void block.write(value.toString(8).padStart(digits, "0"), at);
  block.write(name, 0);
  octal(entry.mode, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(size, 124, 11);
  octal(seconds, 136, 11);
  block.write(" ".repeat(8), 148);
  block.write(TYPE[entry.kind], 156);
  if (entry.kind === "link") block.write(checked(entry.to, 100), 157);
  block.write("ustar\u000000root", 257);
  block.write("root", 297);
  block.write(folder, 345);
  octal(
    block.reduce((sum, octet) => sum + octet, 0),
    148,
    6,
  );
  block[154] = 0;
  return block;
}

/** A long path goes into two fields, cut at a slash. */
function split(path: string): [folder: string, name: string] {
  if (Buffer.byteLength(path) <= 100) return ["", path];
  for (let at = path.indexOf("/"); at !== -1; at = path.indexOf("/", at + 1)) {
    const [folder, name] = [path.slice(0, at), path.slice(at + 1)];
    if (name !== "" && Buffer.byteLength(name) <= 100) return [checked(folder, 155), name];
  }
  throw new Error(`too long for a tar archive: ${path}`);
}

function checked(text: string, most: number): string {
  if (Buffer.byteLength(text) > most) throw new Error(`too long for a tar archive: ${text}`);
  return text;
}
