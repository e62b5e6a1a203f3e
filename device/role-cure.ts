import type { Dict } from "@pinion/wamp";
import type { Naming } from "./naming.ts";

/**
 * What to do when the router does not let a board offer its names. The roles that the router-bridge ships for boards go by its naming:
 * in a fleet an account has the names that carry its own, and the one board of a realm has all of them.
 */
export function roleCure({ authid, authrole }: Dict, { mode, id }: Pick<Naming, "mode" | "id">): string {
  const account = typeof authid === "string" ? authid : "<authid>";
  const give = (role: string): string => `\`pinion auth add ${account} --role ${role} --replace\` at the router`;
  if (mode === "single") {
    const alone = `If it is the only board of its realm, give its account the role single-device: ${give("single-device")}.`;
    return `${alone} Of several, each is named like its account: set device.naming: fleet and device.id: ${account}, with the role device.`;
  }
  if (authrole !== "device")
    return `Give its account the role device: ${give("device")}; or allow it to its role in the router's configuration.`;
  if (id !== account) return `A board of a fleet is named like its account: set device.id: ${account}.`;
  return "Allow it to the role device in the router's configuration.";
}
