/**
 * When to paint: at most once per animation frame, only while the page can be seen, and once a second so that ages go on.
 * Owns the pending frame and the timer; knows nothing of what is painted.
 */
const TICK = 1_000;

export class Painter {
  readonly #paint: () => void;
  #requested = false;

  constructor(paint: () => void) {
    this.#paint = paint;
    document.addEventListener("visibilitychange", () => this.request());
    setInterval(() => this.request(), TICK);
  }

  /** Something changed. */
  request(): void {
    if (this.#requested || document.hidden) return;
    this.#requested = true;
    requestAnimationFrame(() => {
      this.#requested = false;
      this.#paint();
    });
  }
}
