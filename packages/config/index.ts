export * from "./load-config.ts";
export * from "./problem.ts";
export { closest } from "./near-names.ts";
export { checkValue, explainBy } from "./check-value.ts";
export { describeSchema } from "./words.ts";
