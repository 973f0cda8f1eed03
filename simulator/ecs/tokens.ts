import type { Fault } from '../machine.ts';

/** So many client tokens are remembered, the newest (our choice). */
const tokensMax = 10_000;

/** The client tokens of calls that are answered once. */
export class Tokens {
  private readonly replies = new Map<string, { asked: string; reply: Record<string, unknown> }>();

  /** Answers a call once; the same token again gives the same reply. Throws `conflict` for another call with it. */
  once(
    token: string | undefined,
    input: object,
    answer: () => Record<string, unknown>,
    conflict: Fault,
  ): Record<string, unknown> {
    if (token === undefined) return answer();
    const asked = JSON.stringify(input);
    const before = this.replies.get(token);
    if (before && before.asked !== asked) throw conflict;
    const reply = before?.reply ?? answer();
    this.replies.set(token, { asked, reply });
    for (const oldest of this.replies.keys()) if (this.replies.size > tokensMax) this.replies.delete(oldest);
    return reply;
  }
}
