/** An ar archive, which a Debian package is. */

/** All of root, all of one moment (s since 1970), in the order given. */
export function ar(
  members: readonly { readonly name: string; readonly content: Uint8Array }[],
  seconds: number,
): Buffer {
  const parts = members.flatMap(({ name, content }) => {
    const fields = [name.padEnd(16), String(seconds).padEnd(12), "0     ", "0     ", "100644  "];
    const head = `${fields.join("")}${String(content.length).padEnd(10)}\`\n`;
    return [Buffer.from(head, "latin1"), content, Buffer.from(content.length % 2 === 1 ? "\n" : "")];
  });
  return Buffer.concat([Buffer.from("!<arch>\n"), ...parts]);
}
