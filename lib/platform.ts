/**
 * What a function needs from outside itself: time, chance, environment, network and a place to write. AWS gives the
 * real ones (`aws` in lib/aws/connect.ts); a simulation gives its own, and nothing else differs.
 */
export interface Platform {
  readonly environment: Readonly<Record<string, string | undefined>>;
  now(): Date;
  sleep(milliseconds: number): Promise<void>;
  /** From 0 up to, but not including, 1. */
  random(): number;
  /** Carries the requests of the SDK; absent: the SDK's own handler, over HTTPS. */
  readonly requestHandler?: RequestHandler;
  /** Puts a text to a presigned URL, without a content type; gives the HTTP status. Rejects where nobody answers. */
  put(url: string, body: string): Promise<number>;
  /** Takes one line of log or metrics, without its end of line. */
  write(line: string): void;
}

/** The part of an SDK request that a handler may rely on. */
export interface Request {
  readonly headers: Record<string, string>;
  readonly body?: unknown;
}

/** What an SDK client takes back from whoever carries its requests. */
export interface RequestHandler {
  handle(request: Request): Promise<{
    response: { statusCode: number; headers: Record<string, string>; body?: unknown };
  }>;
}
