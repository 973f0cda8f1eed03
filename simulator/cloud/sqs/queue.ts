import { Fault } from '../../machine.ts';
import type { PolicyDocument } from '../iam/iam.ts';
import { Deduplication, deduplicationKey } from './deduplication.ts';
import {
  contentDeduplicationId,
  type DeadLetter,
  type Draft,
  type Entry,
  invalidParameter,
  messageBytes,
  notForThisType,
  type Received,
  type Sent,
  systemAttributes,
} from './message.ts';

/** How a queue is set up. Seconds and bytes as in the attributes of SQS. */
export interface QueueSettings {
  readonly name: string;
  readonly isFifo: boolean;
  readonly contentBasedDeduplication: boolean;
  readonly deduplicationScope: 'queue' | 'messageGroup';
  readonly fifoThroughputLimit: 'perQueue' | 'perMessageGroupId';
  readonly delaySeconds: number;
  readonly visibilityTimeoutSeconds: number;
  readonly retentionSeconds: number;
  readonly maximumMessageBytes: number;
  readonly receiveWaitSeconds: number;
  readonly sqsManagedSse: boolean;
  readonly kmsMasterKeyId: string | undefined;
  /** Which queues may use this one as their dead-letter queue. */
  readonly redriveAllow: 'allowAll' | 'denyAll' | readonly string[];
}

/** Where a message goes that was received `maxReceiveCount` times without being deleted. */
export interface Redrive {
  readonly deadLetterTargetArn: string;
  readonly maxReceiveCount: number;
}

/** No message stays invisible for longer since it was received (D-5.24). */
export const visibilitySecondsMax = 43_200;

/**
 * One SQS queue: what is in it, who may have it next. A standard queue gives messages in the order in which they
 * came, a FIFO queue in the order of each message group, and nothing of a group while something of
 * it is in flight.
 */
export class Queue {
  readonly arn: string;
  readonly url: string;
  settings: QueueSettings;
  readonly createdAt: number;
  /** When its attributes last changed. */
  modifiedAt: number;
  policy: PolicyDocument | undefined;
  redrive: Redrive | undefined;
  private readonly entries = new Map<string, Entry>();
  private readonly deduplication = new Deduplication();
  private purgedAt = Number.NEGATIVE_INFINITY;

  constructor(options: { arn: string; url: string; settings: QueueSettings; createdAt: number }) {
    this.arn = options.arn;
    this.url = options.url;
    this.settings = options.settings;
    this.createdAt = options.createdAt;
    this.modifiedAt = options.createdAt;
  }

  /** Takes a message; `fresh` makes its ids. Throws Fault when this kind of queue does not take it. */
  send(
    now: number,
    draft: Draft,
    senderId: string,
    fresh: () => { messageId: string; sequenceNumber: string },
  ): Sent {
    this.checkSize(draft);
    if (!this.settings.isFifo) {
      if (draft.messageDeduplicationId !== undefined)
        throw notForThisType('MessageDeduplicationId', draft.messageDeduplicationId);
      return this.enqueue(now, draft, senderId, { ...fresh(), sequenceNumber: undefined });
    }
    const complete = this.completeFifo(draft);
    const key = deduplicationKey(this.settings.deduplicationScope, complete);
    const earlier = this.deduplication.find(now, key);
    if (earlier) return { ...earlier, isDuplicate: true };
    const sent = this.enqueue(now, complete, senderId, fresh());
    this.deduplication.note(now, key, sent);
    return sent;
  }

  /**
   * Gives up to `max` messages out, from a standard queue perhaps the newest first, and takes those that were received too
   * often out of the queue (D-13.6).
   */
  receive(
    now: number,
    max: number,
    visibilitySeconds?: number,
    newestFirst = false,
  ): { messages: Received[]; dead: DeadLetter[] } {
    const messages: Received[] = [];
    const dead: DeadLetter[] = [];
    const busy = this.busyGroups(now);
    const all = [...this.alive(now)];
    for (const entry of newestFirst && !this.settings.isFifo ? all.reverse() : all) {
      if (messages.length === max) break;
      if (entry.visibleAt > now || busy.has(entry.draft.messageGroupId ?? '')) continue;
      if (this.redrive && entry.receiveCount >= this.redrive.maxReceiveCount) {
        this.entries.delete(entry.messageId);
        dead.push(entry);
      } else messages.push(this.handOut(now, entry, visibilitySeconds));
    }
    return { messages, dead };
  }

  /** Lets a message in flight be received once more from `at` on, if it is still there, as standard queues may. */
  repeat(at: number, messageId: string): void {
    const entry = this.entries.get(messageId);
    if (entry && !this.settings.isFifo) entry.visibleAt = at;
  }

  /** Takes over a message from a queue whose dead-letter queue this is. A standard queue keeps its age. */
  takeDeadLetter(
    now: number,
    letter: DeadLetter,
    fresh: () => { sequenceNumber: string },
    sourceArn: string,
  ): void {
    this.entries.set(letter.messageId, {
      ...letter,
      deadLetterSourceArn: sourceArn,
      sequenceNumber: this.settings.isFifo ? fresh().sequenceNumber : undefined,
      keptSince: this.settings.isFifo ? now : letter.sentAt,
      visibleAt: now,
      receiveCount: 0,
    });
  }

  /** Deletes by receipt handle. What is gone already is deleted again in silence. Throws Fault. */
  delete(now: number, receiptHandle: string): void {
    const { entry, isCurrent } = this.byHandle(now, receiptHandle);
    if (!entry) return;
    if (this.settings.isFifo && (!isCurrent || entry.visibleAt <= now))
      throw invalidParameter(
        `Value ${receiptHandle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.`,
      );
    if (isCurrent) this.entries.delete(entry.messageId);
  }

  /** Makes a message in flight visible so many seconds from now. Throws Fault. */
  changeVisibility(now: number, receiptHandle: string, seconds: number): void {
    const { entry, isCurrent } = this.byHandle(now, receiptHandle);
    if (!entry || !isCurrent || entry.visibleAt <= now)
      throw new Fault(
        'MessageNotInflight',
        `Value ${receiptHandle} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.`,
      );
    if (now + seconds * 1000 > entry.receivedAt + visibilitySecondsMax * 1000)
      throw invalidParameter(
        `Value ${seconds} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [${visibilitySecondsMax} seconds]`,
      );
    entry.visibleAt = now + seconds * 1000;
  }

  /** Empties the queue, at most once in 60 seconds. Throws Fault. */
  purge(now: number): void {
    if (now < this.purgedAt + 60_000)
      throw new Fault(
        'PurgeQueueInProgress',
        `Only one PurgeQueue operation on ${this.settings.name} is allowed every 60 seconds.`,
        403,
      );
    this.purgedAt = now;
    this.entries.clear();
  }

  /** How many messages can be received, are in flight, are still delayed; when the oldest of all was sent. */
  counts(now: number): { visible: number; inFlight: number; delayed: number; oldestSentAt: number } {
    const counts = { visible: 0, inFlight: 0, delayed: 0, oldestSentAt: now };
    for (const { visibleAt, receiveCount, sentAt } of this.alive(now)) {
      counts.oldestSentAt = Math.min(counts.oldestSentAt, sentAt);
      if (visibleAt <= now) counts.visible++;
      else if (receiveCount > 0) counts.inFlight++;
      else counts.delayed++;
    }
    return counts;
  }

  /** When the next message can be received, if nothing changes; undefined when the queue is empty. */
  nextReceivableAt(now: number): number | undefined {
    const busyUntil = this.busyGroups(now);
    let next: number | undefined;
    for (const { draft, visibleAt } of this.alive(now)) {
      const at = Math.max(now, visibleAt, busyUntil.get(draft.messageGroupId ?? '') ?? now);
      if (at === now) return now;
      if (next === undefined || at < next) next = at;
    }
    return next;
  }

  private checkSize(draft: Draft): void {
    const bytes = messageBytes(draft);
    if (bytes > this.settings.maximumMessageBytes)
      throw invalidParameter(
        `One or more parameters are invalid. Reason: Message must be shorter than ${this.settings.maximumMessageBytes} bytes, got ${bytes}.`,
      );
  }

  /** A FIFO message needs a group and an id by which a second copy is known (D-13.4). */
  private completeFifo(draft: Draft): Draft {
    if (draft.delaySeconds) throw notForThisType('DelaySeconds', draft.delaySeconds);
    if (draft.messageGroupId === undefined)
      throw new Fault(
        'MissingRequiredParameterException',
        'The request must contain the parameter MessageGroupId.',
      );
    if (draft.messageDeduplicationId !== undefined) return draft;
    if (!this.settings.contentBasedDeduplication)
      throw invalidParameter(
        'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
      );
    return { ...draft, messageDeduplicationId: contentDeduplicationId(draft.body) };
  }

  private enqueue(
    now: number,
    draft: Draft,
    senderId: string,
    ids: { messageId: string; sequenceNumber: string | undefined },
  ): Sent {
    const { delaySeconds = this.settings.delaySeconds } = draft;
    this.entries.set(ids.messageId, {
      ...ids,
      draft,
      senderId,
      sentAt: now,
      keptSince: now,
      deadLetterSourceArn: undefined,
      visibleAt: now + delaySeconds * 1000,
      receiveCount: 0,
      receivedAt: 0,
      firstReceivedAt: 0,
    });
    return { ...ids, isDuplicate: false };
  }

  /** Everything that retention has not taken yet, in the order in which it came. */
  private *alive(now: number): Generator<Entry> {
    for (const entry of this.entries.values()) {
      if (this.isKept(entry, now)) yield entry;
      else this.entries.delete(entry.messageId);
    }
  }

  private isKept({ keptSince }: Entry, now: number): boolean {
    return keptSince + this.settings.retentionSeconds * 1000 > now;
  }

  /** The message groups of a FIFO queue that have something in flight, and until when at most. */
  private busyGroups(now: number): Map<string, number> {
    const groups = new Map<string, number>();
    if (!this.settings.isFifo) return groups;
    for (const { draft, receiveCount, visibleAt } of this.alive(now)) {
      const { messageGroupId: group = '' } = draft;
      if (receiveCount > 0 && visibleAt > now)
        groups.set(group, Math.max(visibleAt, groups.get(group) ?? now));
    }
    return groups;
  }

  private handOut(now: number, entry: Entry, seconds = this.settings.visibilityTimeoutSeconds): Received {
    if (entry.receiveCount === 0) entry.firstReceivedAt = now;
    entry.receiveCount++;
    entry.receivedAt = now;
    entry.visibleAt = now + seconds * 1000;
    return {
      messageId: entry.messageId,
      receiptHandle: Buffer.from(`${entry.messageId} ${entry.receiveCount} ${this.arn}`).toString('base64'),
      body: entry.draft.body,
      messageAttributes: entry.draft.attributes ?? {},
      attributes: systemAttributes(entry),
    };
  }

  private byHandle(now: number, receiptHandle: string): { entry: Entry | undefined; isCurrent: boolean } {
    const [messageId = '', count, arn] = Buffer.from(receiptHandle, 'base64').toString().split(' ');
    if (arn !== this.arn)
      throw new Fault(
        'ReceiptHandleIsInvalid',
        `The input receipt handle "${receiptHandle}" is not a valid receipt handle.`,
        404,
      );
    const entry = this.entries.get(messageId);
    if (entry === undefined || !this.isKept(entry, now)) return { entry: undefined, isCurrent: false };
    return { entry, isCurrent: String(entry.receiveCount) === count };
  }
}
