export interface FrameSink {
  /** A whole frame without its delimiter; the receiver may keep it. */
  frame(bytes: Uint8Array): void;
  /** A frame was longer than allowed and has been dropped. */
  tooLong(): void;
}

export interface Framer {
  push(bytes: Uint8Array): void;
  /** Forgets what has been received of the frame under way and stops its timer. */
  reset(): void;
}
