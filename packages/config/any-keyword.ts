/** For schemas of others: TypeBox's own words for what breaks a keyword that ours do not use. Bundled with a copy of TypeBox's engine (deploy/build.ts). */
import { Errors } from "typebox/schema";
import type { Explain } from "./check-value.ts";

export const anyKeyword: Explain = (schema, value) => {
  const [, errors] = Errors(schema, value);
  return errors.map(({ instancePath, message }) => ({ at: instancePath, allowed: message }));
};
