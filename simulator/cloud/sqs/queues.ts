import type { Chance, Ids } from '../../chance.ts';
import { Fault } from '../../machine.ts';
import { type PolicyDocument, resourcePolicyAllows } from '../iam/iam.ts';
import { awsManagedKey, invalidValue, type QueueAttributes, queueSettings } from './attributes.ts';
import { checkDraft, type Draft, invalidParameter, type Received, type Sent } from './message.ts';
import { Queue, type Redrive } from './queue.ts';

/** Who sends without the API: an AWS service, or a service in the name of a role that its caller has checked. */
export type Sender =
  | { readonly principalService: string; readonly context: Readonly<Record<string, string>> }
  | { readonly principalArn: string };

const delaySecondsMax = 900;
/** A message that comes twice comes again within so long (milliseconds; our choice). */
const repeatMsMax = 500;

/**
 * For so long nobody gets a queue of the name of a deleted one.
 *
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
 */
const nameRestMs = 60_000;

/** The queues of the account, for the services that create them, send and receive inside AWS. */
export class Queues {
  private readonly region: string;
  private readonly accountId: string;
  /**
   * How likely a standard queue gives a message out once more while it is in flight, and the newest first, 0 to 1:
   * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues-at-least-once-delivery.html
   */
  readonly faults = { redeliverProbability: 0, reorderProbability: 0 };
  private readonly luck: Chance | undefined;
  private readonly ids: Ids;
  private readonly queues = new Map<string, Queue>();
  private readonly denials = new Map<Queue, PolicyDocument>();
  private readonly watchers = new Map<string, Set<() => void>>();
  private readonly deletedAt = new Map<string, number>();
  private readonly urls: string;
  private sequence = 0;

  /** `endpointUrl`: where the account answers, if not where AWS does; the URLs of queues begin with it. */
  constructor(options: {
    region: string;
    accountId: string;
    ids: Ids;
    endpointUrl?: string | undefined;
    /** For the faults; without it there are none. */
    luck?: Chance | undefined;
  }) {
    this.region = options.region;
    this.accountId = options.accountId;
    this.ids = options.ids;
    this.luck = options.luck;
    this.urls = options.endpointUrl ?? `https://sqs.${options.region}.amazonaws.com`;
  }

  /** Creates an empty queue. Throws Fault on attributes that CreateQueue refuses. */
  createQueue(now: number, name: string, attributes: QueueAttributes = {}): Queue {
    const settings = queueSettings(name, attributes);
    const arn = this.arnOf(name);
    if (this.queues.has(arn))
      throw new Fault('QueueNameExists', `A queue already exists with the name ${name}.`);
    if (now < (this.deletedAt.get(arn) ?? Number.NEGATIVE_INFINITY) + nameRestMs)
      throw new Fault(
        'QueueDeletedRecently',
        'You must wait 60 seconds after deleting a queue before you can create another with the same name.',
      );
    const url = `${this.urls}/${this.accountId}/${name}`;
    const queue = new Queue({ arn, url, settings, createdAt: now });
    this.queues.set(arn, queue);
    return queue;
  }

  /** Takes back the creation of a queue that nobody has seen yet. */
  dropQueue(queueArn: string): void {
    this.queues.delete(queueArn);
  }

  /** Sets a queue up anew; its messages stay. Throws Fault as SetQueueAttributes does. */
  changeQueue(now: number, queueArn: string, attributes: QueueAttributes): void {
    const queue = this.find(queueArn);
    queue.settings = queueSettings(queue.settings.name, attributes);
    queue.modifiedAt = now;
    this.tell(queue);
  }

  /** Deletes a queue with all that is in it, at once (in AWS within a minute). Throws Fault. */
  deleteQueue(now: number, queueArn: string): void {
    const queue = this.find(queueArn);
    this.queues.delete(queueArn);
    this.denials.delete(queue);
    this.deletedAt.set(queueArn, now);
    this.tell(queue);
  }

  /**
   * Sets where messages of a queue go that were received too often. Throws Fault when the dead-letter queue is missing,
   * of the other kind (D-13.6), or does not let this queue use it. Undefined: they stay.
   */
  setRedrive(queueArn: string, redrive: Redrive | undefined): void {
    const queue = this.find(queueArn);
    if (!redrive) {
      queue.redrive = undefined;
      return;
    }
    const { deadLetterTargetArn, maxReceiveCount } = redrive;
    const refuse = (why: string) => invalidValue('RedrivePolicy', JSON.stringify(redrive), why);
    if (!Number.isInteger(maxReceiveCount) || maxReceiveCount < 1 || maxReceiveCount > 1000)
      throw refuse('maxReceiveCount from 1 to 1000');
    const target = this.queues.get(deadLetterTargetArn);
    if (!target) throw refuse('deadLetterTargetArn of a queue that exists');
    if (target.settings.isFifo !== queue.settings.isFifo)
      throw refuse(`a ${queue.settings.isFifo ? 'FIFO' : 'standard'} dead-letter queue, as the queue is`);
    const { redriveAllow } = target.settings;
    if (redriveAllow === 'denyAll' || (Array.isArray(redriveAllow) && !redriveAllow.includes(queueArn)))
      throw refuse('a dead-letter queue whose RedriveAllowPolicy allows this queue');
    queue.redrive = redrive;
  }

  /** Sets the queue's own policy; undefined: it has none. Throws Fault for a queue that does not exist. */
  setPolicy(queueArn: string, policy: PolicyDocument | undefined): void {
    const queue = this.find(queueArn);
    queue.policy = policy;
    this.denials.delete(queue);
    if (!policy) return;
    const denying = [policy.Statement].flat().filter(({ Effect }) => Effect === 'Deny');
    this.denials.set(queue, {
      Statement: [...denying, { Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' }],
    });
  }

  /** The queue; undefined when there is none. */
  queue(queueArn: string): Queue | undefined {
    return this.queues.get(queueArn);
  }

  /** Every queue of the account. */
  all(): readonly Queue[] {
    return [...this.queues.values()];
  }

  /** The queue of this URL; undefined when there is none. */
  queueAt(url: string): Queue | undefined {
    return this.queues.get(this.arnOfUrl(url));
  }

  /**
   * Tells `listener` whenever a message of the queue may have become receivable, or will at a new time, and when the
   * queue is deleted. The answer ends that.
   */
  watch(queueArn: string, listener: () => void): () => void {
    const watchers = this.watchers.get(queueArn) ?? new Set();
    this.watchers.set(queueArn, watchers.add(listener));
    return () => watchers.delete(listener);
  }

  /**
   * Sends from inside AWS. Throws Fault: `QueueDoesNotExist`, `AccessDenied` by the queue's policy, `KmsAccessDenied`
   * for a service and a queue under the AWS-managed key (D-13.6), or what SendMessage throws.
   */
  send(now: number, queueArn: string, draft: Draft, sender: Sender): Sent {
    const queue = this.find(queueArn);
    this.authorize(queue, 'sqs:SendMessage', sender);
    if ('principalService' in sender && queue.settings.kmsMasterKeyId === awsManagedKey)
      throw new Fault(
        'KmsAccessDenied',
        `${sender.principalService} may not use the key ${awsManagedKey} of ${queueArn}.`,
      );
    return this.accept(
      now,
      queue,
      draft,
      'principalService' in sender ? sender.principalService : sender.principalArn,
    );
  }

  /** Receives inside AWS; `deadIds` are the messages that went to the dead-letter queue instead. Throws Fault. */
  receive(now: number, queueArn: string, max: number): { messages: Received[]; deadIds: string[] } {
    return this.handOut(now, this.find(queueArn), max);
  }

  /** Deletes inside AWS, by receipt handle. Throws Fault. */
  delete(now: number, queueArn: string, receiptHandle: string): void {
    const queue = this.find(queueArn);
    queue.delete(now, receiptHandle);
    this.tell(queue);
  }

  /** Takes a message that somebody may send. */
  protected accept(now: number, queue: Queue, draft: Draft, senderId: string): Sent {
    checkDraft(draft);
    if (draft.delaySeconds !== undefined) secondsOf('DelaySeconds', draft.delaySeconds, delaySecondsMax);
    const sent = queue.send(now, draft, senderId, () => this.fresh());
    this.tell(queue);
    return sent;
  }

  /** Gives messages out, and moves the ones that were received too often. */
  protected handOut(now: number, queue: Queue, max: number, visibilitySeconds?: number) {
    const { redeliverProbability, reorderProbability } = this.faults;
    const newestFirst = this.happens(reorderProbability);
    const { messages, dead } = queue.receive(now, max, visibilitySeconds, newestFirst);
    for (const { messageId } of messages)
      if (this.happens(redeliverProbability)) queue.repeat(now + this.repeatsAfterMs(), messageId);
    const target = queue.redrive && this.queues.get(queue.redrive.deadLetterTargetArn);
    for (const letter of dead) target?.takeDeadLetter(now, letter, () => this.fresh(), queue.arn);
    if (dead.length > 0 && target) this.tell(target);
    return { messages, deadIds: dead.map(({ messageId }) => messageId) };
  }

  /** The queue's policy must allow a service; a principal of the account needs only not to be denied by it. */
  protected authorize(queue: Queue, action: string, sender: Sender): void {
    const isService = 'principalService' in sender;
    const policy = isService ? queue.policy : this.denials.get(queue);
    const context = {
      'aws:SecureTransport': 'true',
      ...(isService ? sender.context : { 'aws:PrincipalArn': sender.principalArn }),
    };
    const isAllowed = policy
      ? resourcePolicyAllows(policy, { ...sender, action, resource: queue.arn, context })
      : !isService;
    if (isAllowed) return;
    const who = isService ? sender.principalService : sender.principalArn;
    throw new Fault(
      'AccessDenied',
      `${who} is not authorized to perform ${action} on ${queue.arn} by the policy of the queue.`,
      403,
    );
  }

  /** Soon enough to come while whoever has it still works on it. */
  private repeatsAfterMs(): number {
    return this.luck?.between(0, repeatMsMax) ?? 0;
  }

  private happens(probability: number): boolean {
    return probability > 0 && (this.luck?.happens(probability) ?? false);
  }

  private fresh(): { messageId: string; sequenceNumber: string } {
    return { messageId: this.ids.uuid(), sequenceNumber: String(10n ** 19n + BigInt(this.sequence++)) };
  }

  /** Wakes who watches the queue. */
  protected tell(queue: Queue): void {
    for (const listener of [...(this.watchers.get(queue.arn) ?? [])]) listener();
  }

  /** The queue; throws Fault when there is none. */
  protected find(queueArn: string): Queue {
    const queue = this.queues.get(queueArn);
    if (!queue) throw new Fault('QueueDoesNotExist', `The specified queue does not exist: ${queueArn}.`);
    return queue;
  }

  /** The ARN that a queue of this name has. */
  protected arnOf(name: string): string {
    return `arn:aws:sqs:${this.region}:${this.accountId}:${name}`;
  }

  /** Account and name stand at the end of every URL of a queue. */
  protected arnOfUrl(url: unknown): string {
    const [, accountId = '', name = ''] = /\/(\d{12})\/([^/]+)$/.exec(String(url)) ?? [];
    return `arn:aws:sqs:${this.region}:${accountId}:${name}`;
  }
}

/** A number of seconds from 0 to `max`; throws Fault naming the parameter. */
export function secondsOf(parameter: string, value: number, max: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw invalidParameter(
    `Value ${value} for parameter ${parameter} is invalid. Reason: Must be >= 0 and <= ${max}, if provided.`,
  );
}
