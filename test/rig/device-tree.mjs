// QEMU's own device tree with nodes of ours at its end: hardware that only a tree can name. A flattened tree is a header of
// big-endian words, a block of nodes and properties, and a block of the properties' names.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

const [BEGIN, END, PROPERTY] = [1, 2, 3];
const word = (value) => {
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(value);
  return octets;
};
const padded = (octets) => Buffer.concat([octets, Buffer.alloc((4 - (octets.length % 4)) % 4)]);
const text = (value) => Buffer.from(`${value}\0`);

// A property is a text, or a list of words; a node is a mapping of both.
function nodeOctets(name, content, nameOffset) {
  const inner = Object.entries(content).map(([key, value]) => {
    if (typeof value === "object" && !Array.isArray(value)) return nodeOctets(key, value, nameOffset);
    const octets = typeof value === "string" ? text(value) : Buffer.concat(value.map(word));
    return Buffer.concat([word(PROPERTY), word(octets.length), word(nameOffset(key)), padded(octets)]);
  });
  return Buffer.concat([word(BEGIN), padded(text(name)), ...inner, word(END)]);
}

export function withNodes(tree, nodes) {
  const at = (index) => tree.readUInt32BE(index * 4);
  const structure = tree.subarray(at(2), at(2) + at(9));
  let names = tree.subarray(at(3), at(3) + at(8));
  const nameOffset = (name) => {
    const offset = names.length;
    names = Buffer.concat([names, text(name)]);
    return offset;
  };
  const added = Object.entries(nodes).map(([name, content]) => nodeOctets(name, content, nameOffset));
  // before the end of the root, and of all
  const all = Buffer.concat([structure.subarray(0, -8), ...added, structure.subarray(-8)]);
  const header = Buffer.alloc(40);
  tree.copy(header, 0, 0, 40);
  const reserved = Buffer.alloc(16);
  const [structureAt, namesAt] = [40 + reserved.length, 40 + reserved.length + all.length];
  for (const [index, value] of [
    [1, namesAt + names.length],
    [2, structureAt],
    [3, namesAt],
    [4, 40],
    [8, names.length],
    [9, all.length],
  ])
    header.writeUInt32BE(value, index * 4);
  return Buffer.concat([header, reserved, all, names]);
}

/**
 * A PWM controller as a Raspberry Pi has it up to the 4 (pwm-bcm2835), whose registers are a page of memory that the kernel is told to
 * leave alone: what the driver writes stays there, and nothing turns.
 */
export function treeWithPwm(file, machine, megabytes) {
  execFileSync(
    "qemu-system-aarch64",
    [...machine, "-m", String(megabytes), "-display", "none", "-machine", `dumpdtb=${file}`],
    {
      stdio: "ignore",
    },
  );
  const page = 0x40000000 + (megabytes - 2) * 0x100000;
  const registers = { reg: [0, page, 0, 0x1000] };
  const unit = page.toString(16);
  const nodes = {
    "reserved-memory": {
      "#address-cells": [2],
      "#size-cells": [2],
      ranges: [],
      [`registers@${unit}`]: { ...registers, "no-map": [] },
    },
    // 0x8000: QEMU's own clock of 24 MHz
    [`pwm@${unit}`]: { compatible: "brcm,bcm2835-pwm", ...registers, clocks: [0x8000], "#pwm-cells": [3] },
  };
  writeFileSync(file, withNodes(readFileSync(file), nodes));
  return file;
}
