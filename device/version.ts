/** The version that this board tells; the same as the package's (a test compares them). */
export const VERSION = "0.1.0";
