/**
 * What authors of drivers import as `@pinion/driver`: the contract, and the parts that Pinion's own drivers are made of. A
 * driver that Pinion loads gets this very module, wherever its file lies; nothing need be installed for it.
 */
export { Type } from "typebox";
export type { Static, TSchema } from "typebox";
export {
  actionRunner,
  describeAction,
  describeActions,
  jsonSchema,
  unknownAction,
  type Action,
  type ActionRunner,
  type ActionTable,
  type Argument,
  type Handlers,
} from "../action.ts";
export type * from "../board.ts";
export { channelAt, findChannel } from "../channel-lookup.ts";
export type * from "../description.ts";
export { CONTRACT, defineDriver } from "../driver.ts";
export type * from "../driver.ts";
export { DriverError, driverErrorCodes, driverErrorCures, type DriverErrorOptions } from "../driver-error.ts";
export { durationSchema, durationText, milliseconds, parseDuration, type Duration } from "../duration.ts";
export { healthOf } from "../health.ts";
export { named, nameSchema } from "../named.ts";
export { pollIssues, pollOptions, pollProperties, type PollOptions } from "../polling/poll-options.ts";
export { SensorPoller, type PolledSource } from "../polling/sensor-poller.ts";
export { startPolling, type Polling, type PollingGrid } from "../polling.ts";
export { qualities, type Quality, type RawReading } from "../reading.ts";
export { Retry } from "../retry.ts";
export { describePolled, openPolled, type PolledSensor, type SensorReader } from "../sensors/polled-sensors.ts";
export { scaled, scalingIssues, scalingProperties } from "../sensors/scaling.ts";
export { found, listed, quantity, reasonOf } from "../words.ts";
export type { ContractCheck, DriverScenario } from "./driver-contract.ts";
export type { DriverRig, Published } from "./driver-rig.ts";
