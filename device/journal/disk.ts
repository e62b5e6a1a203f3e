/**
 * What the journal asks of a disk, and no more: whole files read, files appended to, files removed. Nothing is ever
 * rewritten in place, so whatever a power cut leaves behind is a prefix of what was written, or a torn end.
 */
export interface Disk {
  /** Names of all files in the journal's directory, in no particular order. */
  list(): Promise<readonly string[]>;
  read(name: string): Promise<Uint8Array>;
  /** A new, empty file. Its name outlives a power cut once this has resolved. Rejects when the name is taken. */
  create(name: string): Promise<DiskFile>;
  remove(name: string): Promise<void>;
}

export interface DiskFile {
  append(octets: Uint8Array): Promise<void>;
  /** Resolves when all that was appended outlives a power cut. */
  sync(): Promise<void>;
  close(): Promise<void>;
}
