/** The clock that authors of drivers get, for our own tests. */
export { settle, VirtualClock } from "../../drivers/authoring/virtual-clock.ts";
