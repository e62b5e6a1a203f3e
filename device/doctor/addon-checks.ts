/** The native libraries: whether those that the configuration needs are there, and load. */
import { addons, type Addon } from "../../drivers/hardware/addons.ts";
import type { PlannedDriver } from "../plan.ts";
import { error, ok, warning, type Finding } from "./finding.ts";

export async function checkAddons(
  drivers: readonly PlannedDriver[],
  table: readonly Addon[] = addons,
): Promise<readonly Finding[]> {
  const claimed = new Set<string>(drivers.flatMap((driver) => driver.claims.map(({ type }) => type)));
  const loaded: string[] = [];
  const findings: Finding[] = [];
  for (const { name, use, load, claims } of table) {
    try {
      await load();
      loaded.push(name);
    } catch (caught) {
      const [reason = ""] = (caught instanceof Error ? caught.message : String(caught)).split("\n");
      const words = `${name} does not load, which is for ${use}: ${reason}`;
      const cure = `Take the archive of Pinion for ${process.platform}-${process.arch}; from the sources: \`npm run setup\`.`;
      findings.push(
        claims.some((one) => claimed.has(one)) ? error("addons", words, cure) : warning("addons", words, cure),
      );
    }
  }
  return loaded.length === 0 ? findings : [ok("addons", `${loaded.join(", ")} load`), ...findings];
}
