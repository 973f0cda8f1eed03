import type { Ids } from '../../chance.ts';
import { Fault } from '../../machine.ts';
import type { World } from '../../world.ts';
import { compilePattern } from '../events/pattern.ts';
import { isAllowed } from '../iam/iam.ts';
import type { Queue } from '../sqs/queue.ts';
import type { Sqs } from '../sqs/sqs.ts';
import { filterable } from './batch.ts';
import { type FunctionDefinition, inRange, invalid } from './function.ts';
import type { Lambda } from './lambda.ts';
import { Poller } from './poller.ts';

/** How a function reads a queue. */
export interface MappingDefinition {
  readonly eventSourceArn: string;
  /** Name or ARN. */
  readonly functionName: string;
  /** 1 to 10; up to 10,000 for a standard queue with a batching window [10] (D-5.24). */
  readonly batchSize?: number | undefined;
  /** 0 to 300, standard queues only [0] (D-5.24, D-13.5). */
  readonly maximumBatchingWindowSeconds?: number | undefined;
  /** The function names what failed; without it a batch succeeds or fails as a whole. */
  readonly reportsBatchItemFailures?: boolean | undefined;
  /** 2 to 1,000 invocations at a time. */
  readonly maximumConcurrency?: number | undefined;
  /** Patterns as JSON; a message that matches none of them is deleted unread. */
  readonly filterPatterns?: readonly string[] | undefined;
  readonly enabled?: boolean | undefined;
}

interface Mapping {
  /** Queue and function: a pair is mapped once. */
  readonly key: string;
  /** Undefined: the mapping is not enabled. */
  readonly poller: Poller | undefined;
}

const defaultBatchSize = 10;

/** https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html */
const concurrencyMax = 1000;

/** What the function's role must be allowed on the queue, or the mapping is refused. */
const neededActions = ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'];

/** Event source mappings: Lambda reads queues and invokes functions with what it found. */
export class Mappings {
  private readonly world: World;
  private readonly sqs: Sqs;
  private readonly lambda: Lambda;
  private readonly newIds: Ids;
  private readonly mapped = new Map<string, Mapping>();

  constructor(options: { world: World; sqs: Sqs; lambda: Lambda }) {
    this.world = options.world;
    this.sqs = options.sqs;
    this.lambda = options.lambda;
    this.newIds = options.world.ids('mappings');
  }

  /** Lets the function read the queue from now on; answers the mapping's id. Throws Fault as CreateEventSourceMapping does. */
  create(definition: MappingDefinition, uuid = this.newIds.uuid()): string {
    this.mapped.set(uuid, this.begin(definition));
    return uuid;
  }

  /** The ids of all mappings, oldest first. */
  ids(): readonly string[] {
    return [...this.mapped.keys()];
  }

  /** Sets a mapping up anew. Throws Fault as UpdateEventSourceMapping does; then the mapping is as it was. */
  change(uuid: string, definition: MappingDefinition): void {
    const before = this.find(uuid);
    this.mapped.delete(uuid);
    try {
      this.mapped.set(uuid, this.begin(definition));
      before.poller?.stop();
    } catch (error) {
      this.mapped.set(uuid, before);
      throw error;
    }
  }

  /** Ends a mapping: no batch begins any more. Throws Fault for one that does not exist. */
  delete(uuid: string): void {
    this.find(uuid).poller?.stop();
    this.mapped.delete(uuid);
  }

  private find(uuid: string): Mapping {
    const mapping = this.mapped.get(uuid);
    if (!mapping)
      throw new Fault('ResourceNotFoundException', 'The resource you requested does not exist.', 404);
    return mapping;
  }

  private begin(definition: MappingDefinition): Mapping {
    const { eventSourceArn, functionName, enabled = true } = definition;
    const target = this.lambda.function(functionName);
    if (!target) throw new Fault('ResourceNotFoundException', `Function not found: ${functionName}`, 404);
    const queue = this.sqs.queue(eventSourceArn);
    if (!queue)
      throw invalid(`Error occurred while ReceiveMessage. ${eventSourceArn}: the queue does not exist.`);
    checkRole(target, queue);
    checkQueue(target, queue);
    const sizes = batchSizes(definition, queue);
    const accepts = filterOf(definition.filterPatterns ?? []);
    const key = `${queue.arn} ${target.functionName}`;
    if ([...this.mapped.values()].some((mapping) => mapping.key === key))
      throw new Fault(
        'ResourceConflictException',
        `An event source mapping with SQS arn (${queue.arn}) and function (${target.functionName}) already exists.`,
        409,
      );
    if (!enabled) {
      this.world.record('mapping-disabled', { functionName: target.functionName, queueArn: queue.arn });
      return { key, poller: undefined };
    }
    const { world, sqs, lambda } = this;
    const { reportsBatchItemFailures = false } = definition;
    const region = queue.arn.split(':')[3] ?? '';
    const chance = world.chance(`mapping/${key}`);
    const poller = new Poller({
      world,
      sqs,
      lambda,
      chance,
      queue,
      region,
      functionName: target.functionName,
      ...sizes,
      reportsBatchItemFailures,
      accepts,
    });
    return { key, poller };
  }
}

function checkRole({ role }: FunctionDefinition, queue: Queue): void {
  for (const name of neededActions)
    if (!isAllowed(role.policies, { action: `sqs:${name}`, resource: queue.arn, context: {} }))
      throw invalid(
        `The provided execution role does not have permissions to call ${name} on SQS: ${role.arn} on ${queue.arn}`,
      );
}

/** Otherwise a message comes back while the function still works on it. */
function checkQueue({ timeoutSeconds }: FunctionDefinition, { settings }: Queue): void {
  if (settings.visibilityTimeoutSeconds < timeoutSeconds)
    throw invalid(
      `Queue visibility timeout: ${settings.visibilityTimeoutSeconds} seconds is less than Function timeout: ${timeoutSeconds} seconds`,
    );
}

/** Batches of more than ten need a window of a second; a FIFO queue has neither (D-5.24, D-13.5). */
function batchSizes(definition: MappingDefinition, { settings }: Queue) {
  const { batchSize = defaultBatchSize, maximumBatchingWindowSeconds = 0, maximumConcurrency } = definition;
  inRange('BatchSize', batchSize, 1, settings.isFifo ? 10 : 10_000);
  inRange('MaximumBatchingWindowInSeconds', maximumBatchingWindowSeconds, 0, settings.isFifo ? 0 : 300);
  if (maximumConcurrency !== undefined)
    inRange('ScalingConfig.MaximumConcurrency', maximumConcurrency, 2, concurrencyMax);
  if (batchSize > 10 && maximumBatchingWindowSeconds < 1)
    throw invalid(
      `MaximumBatchingWindowInSeconds: expected at least 1 with a BatchSize above 10, got ${maximumBatchingWindowSeconds}`,
    );
  return {
    batchSize,
    batchingWindowSeconds: maximumBatchingWindowSeconds,
    concurrencyMax: maximumConcurrency ?? concurrencyMax,
  };
}

/** Several patterns stand beside each other: one that matches is enough. */
function filterOf(patterns: readonly string[]): (record: Record<string, unknown>) => boolean {
  if (patterns.length === 0) return () => true;
  const matchers = patterns.map((pattern) => compilePattern(parsePattern(pattern)));
  return (record) => {
    const event = filterable(record);
    return matchers.some((matches) => matches(event));
  };
}

function parsePattern(pattern: string): unknown {
  try {
    return JSON.parse(pattern);
  } catch (cause) {
    throw Object.assign(invalid(`FilterCriteria: expected a JSON object as pattern, got ${pattern}`), {
      cause,
    });
  }
}
