import * as v from 'valibot';
import { Unwanted } from './errors.ts';

/**
 * Something that says whether a capacity provider has capacity. `failed`: a launch or a placement found none. `interrupted`:
 * Spot took something back. `worked`: something was launched or placed. `satisfied`: nothing is missing at the moment.
 */
export interface Signal {
  /** The capacity provider, or the Auto Scaling group behind one. */
  readonly provider: string;
  readonly kind: 'failed' | 'interrupted' | 'worked' | 'satisfied';
  readonly at: Date;
}

/** What comes in by the lane of `rebalance`. */
export type CapacityEvent =
  | { readonly kind: 'tick' }
  /** A service found no place for a task, or is steady again, by these providers. */
  | { readonly kind: 'service'; readonly clusterName: string; readonly signals: readonly Signal[] }
  | { readonly kind: 'group'; readonly autoScalingGroupName: string; readonly signals: readonly Signal[] }
  | { readonly kind: 'instance'; readonly instanceId: string; readonly at: Date };

/**
 * What Auto Scaling says of a launch that found no capacity (D-7.10); whatever else goes wrong with a launch, another
 * market would not help.
 */
const shortages = [/There is no Spot capacity available/, /InsufficientInstanceCapacity/];

/** Whether a failed launch failed for want of capacity. */
export function isShortage(statusMessage: string | undefined): boolean {
  return shortages.some((shortage) => shortage.test(statusMessage ?? ''));
}

/** Whether the missing capacity is Spot's. */
export const isSpotShortage = (statusMessage: string | undefined) =>
  /There is no Spot capacity available/.test(statusMessage ?? '');

const text = v.pipe(v.string(), v.nonEmpty());
const time = v.pipe(
  v.string(),
  v.check((value) => !Number.isNaN(Date.parse(value)), 'expected an ISO 8601 time'),
  v.transform((value) => new Date(value)),
);
/** Events name clusters and providers by ARN; the last part is the name. */
const nameInArn = v.pipe(
  v.string(),
  v.regex(/^arn:[^:]+:ecs:.*\/[^/]+$/, 'expected an ARN of ECS'),
  v.transform((arn) => arn.slice(arn.lastIndexOf('/') + 1)),
);
const envelope = v.object({
  source: text,
  'detail-type': text,
  account: v.optional(text),
  time,
  detail: v.looseObject({}),
});
const serviceDetail = v.object({
  eventName: v.picklist(['SERVICE_TASK_PLACEMENT_FAILURE', 'CAPACITY_PROVIDER_STEADY_STATE']),
  clusterArn: nameInArn,
  createdAt: v.optional(time),
  capacityProviderArns: v.optional(v.array(nameInArn), []),
  reason: v.optional(v.string(), ''),
});
const launchDetail = v.object({
  AutoScalingGroupName: text,
  StatusMessage: v.optional(v.string(), ''),
  EndTime: v.optional(time),
});
const instanceDetail = v.object({ 'instance-id': text });

const readers: Readonly<Record<string, (detail: unknown, at: Date) => CapacityEvent>> = {
  'aws.events/Scheduled Event': () => ({ kind: 'tick' }),
  'aws.ecs/ECS Service Action': serviceAction,
  'aws.autoscaling/EC2 Instance Launch Unsuccessful': launchUnsuccessful,
  'aws.ec2/EC2 Spot Instance Interruption Warning': (detail, at) => ({
    kind: 'instance',
    instanceId: parse(instanceDetail, detail)['instance-id'],
    at,
  }),
};

/**
 * Reads the body of a message of the lane. Throws Unwanted, saying why, for whatever says nothing about capacity, and for what is
 * another account's, whose groups and clusters may have the names of ours.
 */
export function readCapacityEvent(body: string, accountId?: string): CapacityEvent {
  const { source, 'detail-type': detailType, account, time: at, detail } = parse(envelope, parseJson(body));
  if (account !== undefined && accountId !== undefined && account !== accountId)
    throw new Unwanted(`an event of another account: "${account}"`);
  const name = `${source}/${detailType}`;
  const reader = Object.hasOwn(readers, name) ? readers[name] : undefined;
  if (!reader) throw new Unwanted(`no event about capacity: source "${source}", detail-type "${detailType}"`);
  return reader(detail, at);
}

/**
 * A placement failure names providers or container instances (D-1.18). By instances, or for want of CPU, memory or ports, a
 * task may be larger than any instance is, and another provider would not help (D-7.13): the groups tell then.
 */
function serviceAction(detail: unknown, at: Date): CapacityEvent {
  const found = parse(serviceDetail, detail);
  const { eventName, clusterArn: clusterName, capacityProviderArns: providers, reason } = found;
  const isFailure = eventName === 'SERVICE_TASK_PLACEMENT_FAILURE';
  if (isFailure && reason !== 'RESOURCE:FARGATE')
    throw new Unwanted(`a placement failure that says nothing about capacity: reason "${reason}"`);
  const kind = isFailure ? 'failed' : 'worked';
  // Between the two times there may be days (D-1.18): what counts is when it happened.
  const happenedAt = found.createdAt && found.createdAt < at ? found.createdAt : at;
  const signals = providers.map((provider) => ({ provider, kind, at: happenedAt }) as const);
  return { kind: 'service', clusterName, signals };
}

function launchUnsuccessful(detail: unknown, at: Date): CapacityEvent {
  const { AutoScalingGroupName, StatusMessage, EndTime } = parse(launchDetail, detail);
  if (!isShortage(StatusMessage))
    throw new Unwanted(`a launch that failed for another reason than capacity: ${StatusMessage}`);
  const signal = { provider: AutoScalingGroupName, kind: 'failed', at: EndTime ?? at } as const;
  return { kind: 'group', autoScalingGroupName: AutoScalingGroupName, signals: [signal] };
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw new Unwanted('not JSON', { cause: error });
  }
}

function parse<const Schema extends v.GenericSchema>(schema: Schema, value: unknown): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const faults = result.issues.map((issue) => `${v.getDotPath(issue) ?? 'event'}: ${issue.message}`);
  throw new Unwanted(faults.join('; '));
}
