import type { Chance } from '../../chance.ts';
import { Fault } from '../../machine.ts';
import type { World } from '../../world.ts';
import type { Received } from '../sqs/message.ts';
import type { Queue } from '../sqs/queue.ts';
import type { Sqs } from '../sqs/sqs.ts';
import { failedMessageIds, sqsRecord } from './batch.ts';
import type { Lambda } from './lambda.ts';
import type { Ended } from './sandbox.ts';

/** What one event source mapping polls, and how. */
export interface PollerOptions {
  readonly world: World;
  readonly sqs: Sqs;
  readonly lambda: Lambda;
  readonly chance: Chance;
  readonly queue: Queue;
  readonly region: string;
  readonly functionName: string;
  readonly batchSize: number;
  readonly batchingWindowSeconds: number;
  readonly concurrencyMax: number;
  readonly reportsBatchItemFailures: boolean;
  /** Whether a record is for the function at all; the others are deleted. */
  readonly accepts: (record: Record<string, unknown>) => boolean;
}

/** An idle poller notices a message after at most this time (our choice; a long poll usually answers sooner). */
export const idlePollMs = 500;

/**
 * A standard queue is read with five batches at a time and, while messages are left, with up to 300 more per minute.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
 */
const scaling = { start: 5, perSecond: 5 };

const receiveMax = 10;
const throttledRetryMs = 1000;

/** Reads a queue for a function: gathers batches, invokes, deletes what succeeded and leaves the rest to come back. */
export class Poller {
  private readonly options: PollerOptions;
  private inFlight = 0;
  private backlogSince: number | undefined;
  private gathered: Received[] = [];
  private flushAt: number | undefined;
  private next: { readonly at: number; readonly cancel: () => void } | undefined;
  private isPolling = false;
  private isStopped = false;
  private readonly unwatch: () => void;

  constructor(options: PollerOptions) {
    this.options = options;
    this.unwatch = options.sqs.watch(options.queue.arn, () => this.wake());
    this.wake();
  }

  /** Reads no more. What was handed to the function is still deleted when it succeeds; what was not comes back. */
  stop(): void {
    this.isStopped = true;
    this.unwatch();
    this.next?.cancel();
  }

  /** Another queue of the name, later, is not the one that is read here. */
  private isOver(): boolean {
    const { sqs, queue } = this.options;
    if (!this.isStopped && sqs.queue(queue.arn) !== queue) this.stop();
    return this.isStopped;
  }

  /** Sees to it that the queue is looked at when its next message can be received. */
  private wake(): void {
    if (this.isOver()) return;
    const { world, queue, chance } = this.options;
    if (this.isPolling || this.inFlight >= this.limit() || (this.next && this.next.at <= world.now)) return;
    const at = queue.nextReceivableAt(world.now);
    if (at === undefined || (this.next && this.next.at <= at)) return;
    this.next?.cancel();
    this.next = { at, cancel: world.at(at + chance.between(0, idlePollMs), () => this.poll()) };
  }

  private poll(): void {
    if (this.isOver()) return;
    this.isPolling = true;
    this.next?.cancel();
    this.next = undefined;
    let batch = this.take();
    while (batch.length > 0) {
      this.inFlight++;
      this.invoke(
        batch,
        this.options.world.now + this.options.queue.settings.visibilityTimeoutSeconds * 1000,
      );
      batch = this.take();
    }
    this.isPolling = false;
    if (this.inFlight >= this.limit()) this.growLater();
    else this.wake();
  }

  /** How many batches may be under way now; a FIFO queue limits itself by its message groups. */
  private limit(): number {
    const { world, queue, concurrencyMax } = this.options;
    if (queue.settings.isFifo || this.backlogSince === undefined) return concurrencyMax;
    const seconds = Math.floor((world.now - this.backlogSince) / 1000);
    return Math.min(concurrencyMax, scaling.start + scaling.perSecond * seconds);
  }

  private growLater(): void {
    const { world, concurrencyMax } = this.options;
    if (this.limit() >= concurrencyMax) return;
    const at = world.now + 1000;
    this.next = { at, cancel: world.at(at, () => this.poll()) };
  }

  /** The next batch; nothing when there is none, not yet, or no more may be under way. */
  private take(): Received[] {
    const { world, batchSize, batchingWindowSeconds, queue } = this.options;
    if (queue.nextReceivableAt(world.now) === world.now) this.backlogSince ??= world.now;
    if (this.inFlight >= this.limit()) return [];
    while (this.gathered.length < batchSize) {
      const received = this.receive(Math.min(receiveMax, batchSize - this.gathered.length));
      if (received === 0) {
        this.backlogSince = undefined;
        break;
      }
    }
    if (this.gathered.length === 0) return [];
    if (this.gathered.length < batchSize && this.mayGatherOn(batchingWindowSeconds * 1000)) return [];
    this.flushAt = undefined;
    return this.gathered.splice(0);
  }

  /** A batch that is not full waits until its window, counted from its first message, is over. */
  private mayGatherOn(windowMs: number): boolean {
    const { world } = this.options;
    if (this.flushAt === undefined && windowMs > 0) {
      this.flushAt = world.now + windowMs;
      world.at(this.flushAt, () => this.poll());
    }
    return this.flushAt !== undefined && world.now < this.flushAt;
  }

  /** Receives once and says how much came, before the filter. */
  private receive(max: number): number {
    const { world, sqs, queue, region, accepts } = this.options;
    const { messages, deadIds } = sqs.receive(world.now, queue.arn, max);
    if (deadIds.length > 0)
      world.record('dead-lettered', {
        queueArn: queue.arn,
        deadLetterArn: queue.redrive?.deadLetterTargetArn,
        messageIds: deadIds,
      });
    for (const message of messages) {
      if (accepts(sqsRecord(message, queue.arn, region))) this.gathered.push(message);
      else this.drop(message);
    }
    return messages.length;
  }

  private drop(message: Received): void {
    const { world, sqs, queue, functionName } = this.options;
    sqs.delete(world.now, queue.arn, message.receiptHandle);
    world.record('filtered-out', { functionName, queueArn: queue.arn, messageId: message.messageId });
  }

  /** Lambda tries a throttled batch again until its messages are visible anyway. */
  private invoke(batch: readonly Received[], visibleAt: number): void {
    const { world, lambda, functionName, queue, region } = this.options;
    const payload = JSON.stringify({
      Records: batch.map((message) => sqsRecord(message, queue.arn, region)),
    });
    try {
      lambda.invoke(functionName, payload, `sqs:${queue.settings.name}`, (ended) => this.ended(batch, ended));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (error.code !== 'TooManyRequestsException') {
        this.finish(batch, batch, error.code);
        return;
      }
      const again = world.now + throttledRetryMs;
      if (again < visibleAt) world.at(again, () => this.invoke(batch, visibleAt));
      else world.at(visibleAt, () => this.finish(batch, batch, 'throttled'));
    }
  }

  private ended(batch: readonly Received[], ended: Ended): void {
    const failedIds = failedMessageIds(batch, ended, this.options.reportsBatchItemFailures);
    const failed = batch.filter(({ messageId }) => failedIds.has(messageId));
    this.finish(batch, failed, ended.outcome);
  }

  /** What failed stays invisible until its visibility timeout is over. */
  private finish(batch: readonly Received[], failed: readonly Received[], outcome: string): void {
    const { world, queue, functionName } = this.options;
    this.isPolling = true;
    for (const message of batch) if (!failed.includes(message)) this.delete(message);
    this.isPolling = false;
    world.record('batch', {
      functionName,
      queueArn: queue.arn,
      size: batch.length,
      outcome,
      failedMessageIds: failed.map(({ messageId }) => messageId),
    });
    this.inFlight--;
    this.poll();
  }

  private delete({ messageId, receiptHandle }: Received): void {
    const { world, sqs, queue } = this.options;
    try {
      sqs.delete(world.now, queue.arn, receiptHandle);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      world.record('delete-failed', { queueArn: queue.arn, messageId, error: error.message });
    }
  }
}
