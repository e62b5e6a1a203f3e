/** `--schema`: what may be written in a board's configuration, as editors understand it. */
import { loadDrivers } from "../drivers/index.ts";
import { deviceSchema } from "./config.ts";

export async function editorSchema(): Promise<string> {
  const schema = deviceSchema(await loadDrivers());
  return JSON.stringify({ $schema: "https://json-schema.org/draft/2020-12/schema", title: "board.yaml", ...schema });
}
