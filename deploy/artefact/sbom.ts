/** What a program is made of, as CycloneDX and as the texts that its licences ask for. */
import { createHash } from "node:crypto";
import type { Software } from "./software-in.ts";
import type { Stamp } from "./stamp.ts";

/** The same software gives the same octets. */
export function sbom(program: string, { version, seconds }: Stamp, software: readonly Software[]): string {
  const components = software.map(({ name, version, licence }) => {
    const purl = name === "node" ? `pkg:generic/node@${version}` : `pkg:npm/${name.replace("@", "%40")}@${version}`;
    return { type: "library", "bom-ref": purl, name, version, licenses: [licenceOf(licence)], purl };
  });
  const digest = createHash("sha256")
    .update(JSON.stringify([program, version, components]))
    .digest("hex");
  const bom = {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    serialNumber: `urn:uuid:${uuidFrom(digest)}`,
    version: 1,
    metadata: {
      timestamp: new Date(seconds * 1000).toISOString(),
      component: {
        type: "application",
        "bom-ref": program,
        name: program,
        version,
        licenses: [licenceOf("MIT")],
      },
    },
    components,
    dependencies: [{ ref: program, dependsOn: components.map((one) => one["bom-ref"]) }],
  };
  return `${JSON.stringify(bom, null, 2)}\n`;
}

function licenceOf(expression: string): object {
  return /^[\w.+-]+$/.test(expression) ? { license: { id: expression } } : { expression };
}

/** Version 8: of the maker's own choosing. */
function uuidFrom(digest: string): string {
  const parts = /^(.{8})(.{4}).(.{3}).(.{3})(.{12})/.exec(digest);
  const [, a = "", b = "", c = "", d = "", e = ""] = parts ?? [];
  return `${a}-${b}-8${c}-8${d}-${e}`;
}

/** Each text once, under all whose it is. */
export function licences(own: string, software: readonly Software[]): string {
  const by = new Map<string, string[]>();
  for (const { name, version, licence, notices } of software) {
    const text = notices.join("\n\n") || `Licence: ${licence}. The package brings no text of its own.`;
    by.set(text, [...(by.get(text) ?? []), `${name} ${version} (${licence})`]);
  }
  const rule = "-".repeat(78);
  const others = [...by].map(([text, names]) => `${rule}\n${names.join("\n")}\n${rule}\n\n${text}\n`);
  return [`Pinion\n\n${own.trim()}\n\nIt contains software of others:\n`, ...others].join("\n");
}
