export { filesIn, readArtefact, readSignature, signatureText, signedOctets, type Artefact } from "./artefact.ts";
export { Refused, type RefusalCode } from "./refused.ts";
export { tar, type TarEntry } from "./tar.ts";
export { LIMITS, MANIFEST, parseManifest, type ReleaseFile, type ReleaseManifest } from "./release-manifest.ts";
