/** The native libraries that this folder uses, for who wants to know whether they load on this machine. */

/** A library, what it is for, and the claims that it is needed for. */
export interface Addon {
  readonly name: string;
  readonly use: string;
  readonly load: () => Promise<unknown>;
  readonly claims: readonly string[];
}

export const addons: readonly Addon[] = [
  { name: "epoll", use: "edges of GPIO lines", load: async () => import("epoll"), claims: ["gpio-line"] },
  { name: "onoff", use: "GPIO over sysfs", load: async () => import("onoff"), claims: ["gpio-line"] },
  {
    name: "koffi",
    use: "the character device of GPIO, and I2C",
    load: async () => import("koffi"),
    claims: ["gpio-line", "i2c-address"],
  },
  { name: "serialport", use: "serial ports", load: async () => import("serialport"), claims: ["serial-port"] },
];
