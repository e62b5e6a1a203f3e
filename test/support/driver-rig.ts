/** The rig that authors of drivers get, for our own tests. */
export { DriverRig } from "../../drivers/authoring/driver-rig.ts";
