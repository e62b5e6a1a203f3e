import * as Type from "typebox";

/** Where the kernel shows a class of devices; by hand for tests and odd boards. */
export function rootSchema(usual: string) {
  return Type.Optional(
    Type.String({ pattern: "^/", maxLength: 256, default: usual, description: "Where the kernel shows them" }),
  );
}

export const withoutSlash = (root: string): string => root.replace(/\/+$/, "");
