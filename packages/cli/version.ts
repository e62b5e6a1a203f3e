/** The version of the command `pinion`, as in its package.json; a test holds the two together. */
export const VERSION = "0.1.0";
