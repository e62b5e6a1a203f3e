/** A TCP way to another port that can be cut, and slowed down. Owns the connections that go through it. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

export class UnsteadyLink {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #isUp = true;
  #isSlow = false;

  private constructor(to: number) {
    this.#server = createServer((near) => this.#accepted(near, to));
  }

  static async to(port: number): Promise<UnsteadyLink> {
    const link = new UnsteadyLink(port);
    link.#server.listen(0, "127.0.0.1");
    await once(link.#server, "listening");
    return link;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port; // it listens on TCP
  }

  /** Every connection breaks without a word, and none comes about. */
  cut(): void {
    this.#isUp = false;
    for (const pair of this.#pairs) for (const end of pair) end.destroy();
  }

  mend(): void {
    this.#isUp = true;
  }

  /** What comes back from the far end waits a while: acknowledgements are late. */
  slow(isSlow: boolean): void {
    this.#isSlow = isSlow;
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  #accepted(near: Socket, to: number): void {
    if (!this.#isUp) {
      near.destroy();
      return;
    }
    const far = connect(to, "127.0.0.1");
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    for (const [end, other] of [
      [near, far],
      [far, near],
    ] as const) {
      end.on("error", () => other.destroy());
      end.on("close", () => {
        other.destroy();
        this.#pairs.delete(pair);
      });
    }
    near.pipe(far);
    far.on("data", (chunk: Buffer) => {
      const LATE = 300;
      if (!this.#isSlow) {
        near.write(chunk);
        return;
      }
      far.pause();
      setTimeout(() => {
        if (!near.destroyed) near.write(chunk);
        far.resume();
      }, LATE);
    });
  }
}
