import type { Log } from './deps.ts';
import type { Platform } from './platform.ts';
import type { ReturnAddress } from './request.ts';

/** What CloudFormation is told about a request: done, or not, and why. */
export type Answer = { readonly kind: 'done' } | { readonly kind: 'failed'; readonly reason: string };

/** With all that is repeated around it an answer stays below the 4096 bytes that CloudFormation takes. */
const reasonLengthMax = 1000;

/**
 * The answer as CloudFormation reads it.
 *
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
 */
export function answerBody(address: ReturnAddress, answer: Answer): string {
  return JSON.stringify({
    Status: answer.kind === 'done' ? 'SUCCESS' : 'FAILED',
    ...(answer.kind === 'failed' ? { Reason: shortened(answer.reason) } : {}),
    PhysicalResourceId: address.physicalResourceId,
    StackId: address.stackId,
    RequestId: address.requestId,
    LogicalResourceId: address.logicalResourceId,
  });
}

/** In printable ASCII, where a character takes one byte, or two where JSON escapes it. */
const shortened = (reason: string) => reason.replace(/[^ -~]/g, '?').slice(0, reasonLengthMax);

/** Before each attempt (milliseconds). */
const attemptsAfterMs = [0, 1000, 2000, 4000, 8000];

/**
 * Hands the answer over. Rejects where it was not taken in five attempts; CloudFormation then waits for as long as the
 * resource's ServiceTimeout says.
 */
export async function sendAnswer(
  { put, sleep }: Pick<Platform, 'put' | 'sleep'>,
  log: Log,
  address: ReturnAddress,
  answer: Answer,
): Promise<void> {
  const body = answerBody(address, answer);
  let why = '';
  for (const pauseMs of attemptsAfterMs) {
    await sleep(pauseMs);
    why = await attempt(() => put(address.responseUrl, body));
    if (why === '') return;
    log.warn('CloudFormation did not take the answer', { why });
  }
  throw new Error(`CloudFormation did not take the answer: ${why}`);
}

/** Why it did not succeed; empty: it did. */
async function attempt(put: () => Promise<number>): Promise<string> {
  try {
    const status = await put();
    return status >= 200 && status < 300 ? '' : `HTTP status ${status}`;
  } catch (error) {
    return String(error);
  }
}
