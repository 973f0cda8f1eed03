import type { IncomingMessage } from 'node:http';

/** How much of bodies is held in memory (bytes). */
export interface BodyLimits {
  /** Of one request. */
  readonly each: number;
  /** Of one request that puts an object: S3 takes the code of functions, of which Lambda takes 50 MB. */
  readonly object: number;
  /** Of all requests together that are being read or answered. */
  readonly together: number;
}

/** Bodies as usual: API calls are far below a megabyte. */
export const usualBodyLimits: BodyLimits = { each: 8 << 20, object: 64 << 20, together: 256 << 20 };

/** A body, or why there is none: too large, too many at once, or the client is gone. */
export type Body =
  | { readonly bytes: Uint8Array; readonly release: () => void }
  | 'too-large'
  | 'busy'
  | 'cut';

/** Reads bodies of requests and never holds more than the limits. */
export class Bodies {
  private readonly limits: BodyLimits;
  private heldBytes = 0;

  constructor(limits: BodyLimits = usualBodyLimits) {
    this.limits = limits;
  }

  /** Whether the length that a request announces is too much: it can be refused before anything of it is sent. */
  isTooLarge(request: IncomingMessage): boolean {
    return Number(request.headers['content-length'] ?? 0) > this.limitOf(request);
  }

  /**
   * Reads the whole body; call `release` when it is not needed any more. What is too much is read to its end too, and
   * forgotten: a client that still sends does not hear an answer.
   */
  async read(request: IncomingMessage): Promise<Body> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    let refused: 'too-large' | 'busy' | undefined;
    const release = () => {
      this.heldBytes -= length;
      length = 0;
      chunks.length = 0;
    };
    try {
      for await (const chunk of request as AsyncIterable<Uint8Array>) {
        if (refused) continue;
        length += chunk.length;
        this.heldBytes += chunk.length;
        chunks.push(chunk);
        if (length > this.limitOf(request)) refused = 'too-large';
        else if (this.heldBytes > this.limits.together) refused = 'busy';
        if (refused) release();
      }
    } catch {
      // The connection broke or the request took too long: Node.js has answered that where it can be.
      release();
      return 'cut';
    }
    return refused ?? { bytes: Buffer.concat(chunks), release };
  }

  private limitOf({ method }: IncomingMessage): number {
    return method === 'PUT' ? this.limits.object : this.limits.each;
  }
}
