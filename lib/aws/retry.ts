import type { RetryErrorInfo, RetryStrategyV2, RetryToken } from '@smithy/types';
import type { Platform } from '../platform.ts';

/** Attempts of one call, the first among them. */
export const attemptsMax = 3;

/** Upper bound of the first pause (milliseconds); each further one has twice the bound. */
const pauseMs = { usual: 100, throttled: 500 };

/**
 * The SDK's standard retries, with pauses that the platform takes: full jitter over a doubling bound, longer where AWS
 * asked to slow down. Throttling and ResourceContention come back (D-6.21), refusals do not.
 */
export class PlatformRetryStrategy implements RetryStrategyV2 {
  private readonly platform: Platform;

  constructor(platform: Platform) {
    this.platform = platform;
  }

  async acquireInitialRetryToken(): Promise<RetryToken> {
    return tokenFor(0);
  }

  /** Waits, then gives the next attempt its token. Rejects where there is to be none; the SDK throws the call's error then. */
  async refreshRetryTokenForRetry(token: RetryToken, { errorType }: RetryErrorInfo): Promise<RetryToken> {
    const retryCount = token.getRetryCount() + 1;
    if (errorType === 'CLIENT_ERROR' || retryCount >= attemptsMax) throw new Error('No further attempt');
    const boundMs = errorType === 'THROTTLING' ? pauseMs.throttled : pauseMs.usual;
    await this.platform.sleep(Math.floor(this.platform.random() * boundMs * 2 ** (retryCount - 1)));
    return tokenFor(retryCount);
  }

  recordSuccess(): void {}
}

/** The pause is over when the token exists, so the SDK is told to wait no longer. */
function tokenFor(retryCount: number): RetryToken {
  return { getRetryCount: () => retryCount, getRetryDelay: () => 0 };
}
