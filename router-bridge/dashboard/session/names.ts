/** The names under which boards are found; the same under every naming of a board (`device/naming.ts`). */
export const ANNOUNCE = "device.announce";
export const DISCOVER = "device.discover";
/** For a board that knows no discovery but is alone in its realm. */
export const DESCRIBE_ALONE = "device.describe";
/** Everything that boards measure. */
export const READINGS = "sensor.";
