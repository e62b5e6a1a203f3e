/** The version of the programs of this repository, as in its package.json; a test holds the two together. */
export const VERSION = "0.1.0";
