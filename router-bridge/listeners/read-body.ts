import type { IncomingMessage } from "node:http";

/** A body that is too long or did not arrive whole, with the status that says so. */
export class BodyFault extends Error {
  readonly status: number;

  constructor(status: number, words: string) {
    super(words);
    this.status = status;
  }
}

/** The whole body of a request. Rejects with a BodyFault. */
export function readBody(request: IncomingMessage, limit: number): Promise<Uint8Array> {
  const tooLong = new BodyFault(413, `the body is longer than ${String(limit)} octets`);
  if (Number(request.headers["content-length"] ?? 0) > limit) return Promise.reject(tooLong);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let octets = 0;
    request.on("data", (chunk: Buffer) => {
      octets += chunk.length;
      if (octets > limit) {
        request.pause();
        chunks.length = 0;
        reject(tooLong);
      } else chunks.push(chunk);
    });
    request.once("end", () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    const cut = (): void => reject(new BodyFault(400, "the request ended within its body"));
    request.once("error", cut).once("close", cut);
  });
}
