import { CommandFailure, ExitStatus } from "../exit-status.ts";
import { octetsInWords } from "../provision/octets-in-words.ts";
import type { Difference, Wanted } from "./deploy-board.ts";
import { freeAt, type Survey } from "./survey.ts";

/** For folders, blocks that are not full, and the system's own writing meanwhile. */
const SPARE = 8 * 1_048_576;

/** @throws CommandFailure for a disk that is full, or takes nothing */
export function refuseWithoutRoom(name: string, wanted: Wanted, { facts }: Survey, difference: Difference): void {
  const closed = facts.all("readonly");
  if (closed.length > 0) {
    const byDesign = wanted.hasDpkg
      ? ""
      : `; where that is so by design, put Pinion into the image that it is made from: the files of ${wanted.package.file}, and what its postinst does`;
    throw refused(
      `${name}: ${closed.join(", ")} cannot be written: sudo mount -o remount,rw /, or see its log for a failing card${byDesign}`,
    );
  }
  const { installed } = wanted.package;
  const etc = wanted.files.reduce((sum, file) => sum + file.content.length, 0);
  // the package, and what is unpacked of it to be tried; then what is laid beside the files that are there
  const staged = (difference.package ? wanted.payload.octets + installed : 0) + etc + SPARE;
  const program = (difference.package ? installed : 0) + SPARE;
  const [here, there] = [freeAt(facts, "free-staged"), freeAt(facts, "free-program")];
  const needs =
    here.place === there.place
      ? [{ ...here, needed: staged + program - SPARE }]
      : [
          { ...here, needed: staged },
          { ...there, needed: program },
        ];
  for (const { octets, place, needed } of needs) {
    if (octets >= needed) continue;
    throw refused(
      `${name}: ${place} has ${octetsInWords(octets)} free, and ${octetsInWords(needed)} are needed: make room there (sudo apt clean; sudo journalctl --vacuum-size=20M)`,
    );
  }
}

function refused(words: string): CommandFailure {
  return new CommandFailure(ExitStatus.usage, `${words}. Nothing was changed`);
}
