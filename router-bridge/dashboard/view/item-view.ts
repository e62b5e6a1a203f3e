/** One thing of a board (an output, an input, a port) as a row; it repaints itself from the store. */
export interface ItemView {
  readonly node: HTMLElement;
  paint(now: number): void;
  destroy?(): void;
}
