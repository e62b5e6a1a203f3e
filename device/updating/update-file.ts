/** `pinion-device update <file>`: an artefact that lies on the board, or on a stick in it. */
import { filesIn, readArtefact, readSignature, Refused } from "@pinion/client/release";
import { MAX_PIECE } from "./incoming.ts";
import type { Updates } from "./updates.ts";

export interface FromFile {
  readonly mustJoin: boolean;
  readonly unsigned: boolean;
  readonly hasKey: boolean;
}

/** Answers the version that the next start runs. @throws Refused */
export async function updateFromFile(updates: Updates, file: string, how: FromFile): Promise<string> {
  const artefact = await readArtefact(file);
  const signature = how.unsigned || !how.hasKey ? undefined : await readSignature(file);
  if (how.hasKey && !how.unsigned && signature === undefined) {
    const what = `there is no ${file}.sig, and this board takes signed releases`;
    throw new Refused("bad_signature", what, "copy it beside the file, or say --unsigned: you are at the board");
  }
  const { wanted } = await updates.begin(artefact.manifest, signature);
  const offsets = new Map(wanted.map(({ sha256, offset }) => [sha256, offset]));
  for await (const { sha256, octets } of filesIn(file, artefact)) {
    let from = offsets.get(sha256);
    if (from === undefined) continue;
    let at = 0;
    for await (const piece of octets) {
      for (let cut = Math.max(0, from - at); cut < piece.length;) {
        const part = piece.subarray(cut, cut + MAX_PIECE);
        from = await updates.write(sha256, at + cut, part);
        cut += part.length;
      }
      at += piece.length;
    }
    offsets.delete(sha256);
  }
  return updates.finish(how.mustJoin);
}
