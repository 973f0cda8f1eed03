import type { Account } from '../account.ts';
import type { Clock } from '../clock.ts';

/** What a control request acts on. */
export interface Room {
  /** The account as it is now: a reset replaces it. */
  readonly account: () => Account;
  readonly clock: Clock;
  /** Replaces the account by a fresh one, with another seed or the same. */
  readonly reset: (seed: number | undefined) => Promise<void>;
}

/** What is asked: the body as text, the query. */
export interface Asked {
  readonly text: string;
  readonly query: URLSearchParams;
}

/** What is answered, as JSON. */
export type Answer = Readonly<Record<string, unknown>>;

/** What a path does, by method. Throws BadInput for what it does not take. */
export type Route = Partial<Record<'GET' | 'POST', (room: Room, asked: Asked) => Answer | Promise<Answer>>>;
