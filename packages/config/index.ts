export * from "./load-config.ts";
export * from "./problem.ts";
export { closest } from "./closest.ts";
