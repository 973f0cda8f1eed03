import { Throttled } from '../errors.ts';
import type { Platform } from '../platform.ts';

/** What an execution environment takes of a bucket of AWS: so many calls at once, and so many a second after that. */
export interface Allowance {
  readonly burst: number;
  readonly perSecond: number;
}

/** The slowest (calls a second) that throttling makes it ... */
const leastPerSecond = 1;
/** ... by this factor each time, at most once in so long (milliseconds): what is under way was begun at the rate before. */
const slowing = { factor: 1 / 2, everyMs: 1000 };
/** Without throttling it becomes faster by so much (calls a second) each second. */
const recoveryPerSecond = 1;

/**
 * Spaces out calls as a token bucket. Others empty the bucket of AWS too: where AWS throttles a call all the same, the rate
 * falls to a part of it, and rises again by and by.
 */
export class Pace {
  private readonly platform: Pick<Platform, 'now' | 'sleep'>;
  private readonly allowance: Allowance;
  private readonly patienceMs: number;
  private perSecond: number;
  /** Below 0: so many calls wait for their turn. */
  private tokens: number;
  private filledAt: number;
  private slowedAt = Number.NEGATIVE_INFINITY;

  constructor(platform: Pick<Platform, 'now' | 'sleep'>, allowance: Allowance, patienceMs: number) {
    this.platform = platform;
    this.allowance = allowance;
    this.patienceMs = patienceMs;
    this.perSecond = allowance.perSecond;
    this.tokens = allowance.burst;
    this.filledAt = platform.now().getTime();
  }

  /** Waits for the turn of a call. Rejects with Throttled, at once, where that would take longer than the patience. */
  async turn(): Promise<void> {
    this.fill();
    const waitMs = ((1 - this.tokens) / this.perSecond) * 1000;
    if (waitMs > this.patienceMs) throw new Throttled('The next call would have to wait too long');
    this.tokens -= 1;
    if (waitMs > 0) await this.platform.sleep(Math.ceil(waitMs));
  }

  /** AWS has throttled a call. */
  slowDown(): void {
    this.fill();
    this.tokens = Math.min(0, this.tokens);
    if (this.filledAt - this.slowedAt < slowing.everyMs) return;
    this.slowedAt = this.filledAt;
    this.perSecond = Math.max(leastPerSecond, this.perSecond * slowing.factor);
  }

  private fill(): void {
    const now = this.platform.now().getTime();
    const seconds = Math.max(0, now - this.filledAt) / 1000;
    this.filledAt = now;
    this.tokens = Math.min(this.allowance.burst, this.tokens + seconds * this.perSecond);
    this.perSecond = Math.min(this.allowance.perSecond, this.perSecond + seconds * recoveryPerSecond);
  }
}
