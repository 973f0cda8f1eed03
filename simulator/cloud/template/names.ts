import { createHash } from 'node:crypto';
import type { ResourceType } from './resources.ts';

/** Where a stack stands. */
export interface Place {
  readonly region: string;
  readonly accountId: string;
  readonly stackName: string;
  /** The stack's ARN; absent: made up from its name. */
  readonly stackId?: string;
  /** Where the account answers, if not where AWS does: the URLs of queues begin with it. */
  readonly endpointUrl?: string | undefined;
}

/** What a resource is called once it is created. */
export interface Identity {
  /** What `Ref` answers. */
  readonly physicalId: string;
  /** Empty for a resource that has no ARN. */
  readonly arn: string;
  /** What `Fn::GetAtt` answers, by attribute. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Whether all this is known only once the resource is there, as with a custom resource. */
  readonly isLater?: boolean;
}

const partitionOf = (region: string) =>
  region.startsWith('cn-') ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';

const urlSuffixOf = (region: string) => (region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com');

/** What `Ref` answers for `AWS::Region` and its like, AWS::NoValue apart; undefined when there is no such name. */
export function pseudoParameter(name: string, place: Place): unknown {
  const { region, accountId, stackName } = place;
  const partition = partitionOf(region);
  const values: Readonly<Record<string, unknown>> = {
    'AWS::AccountId': accountId,
    'AWS::NotificationARNs': [],
    'AWS::Partition': partition,
    'AWS::Region': region,
    'AWS::StackId': stackIdOf(place),
    'AWS::StackName': stackName,
    'AWS::URLSuffix': urlSuffixOf(region),
  };
  return Object.hasOwn(values, name) ? values[name] : undefined;
}

/** The ARN of a stack. */
export const stackArn = ({ region, accountId, stackName }: Place, id: string) =>
  `arn:${partitionOf(region)}:cloudformation:${region}:${accountId}:stack/${stackName}/${id}`;

/** The ARN of the stack that stands here. */
export const stackIdOf = (place: Place) => place.stackId ?? stackArn(place, uuid(place.stackName));

/**
 * The names of a resource. Where its properties give none, CloudFormation's own form, always the same for one stack and
 * one `generation` of the resource: each replacement is another one.
 */
export function identify(
  place: Place,
  logicalId: string,
  type: ResourceType,
  properties: Readonly<Record<string, unknown>>,
  generation = 0,
): Identity {
  const seed = `${place.stackId ?? place.stackName}/${logicalId}${generation === 0 ? '' : `/${generation}`}`;
  const given = type.nameProperty === undefined ? undefined : properties[type.nameProperty];
  const name = typeof given === 'string' ? given : generatedName(place, logicalId, type, properties, seed);
  const path = typeof properties.Path === 'string' ? properties.Path : '/';
  const words: Record<string, unknown> = {
    ...properties,
    ...place,
    partition: partitionOf(place.region),
    urlSuffix: urlSuffixOf(place.region),
    name,
    generated: name,
    uuid: uuid(seed),
    queueUrls: place.endpointUrl ?? `https://sqs.${place.region}.${urlSuffixOf(place.region)}`,
    functionName: /(?:function:)?([^:]+)(?::[^:]+)?$/.exec(textOf(properties.FunctionName))?.[1],
    path,
    slashed: name.startsWith('/') ? name : `/${name}`,
  };
  const filled = (text: string) => text.replace(/\{(\w+)\}/g, (_, word: string) => textOf(words[word]));
  const arn = filled(type.arn ?? '');
  words.arn = arn;
  const physicalId = filled(type.ref);
  words.ref = physicalId;
  const attributes = Object.entries(type.attributes).map(([attribute, text]) => [attribute, filled(text)]);
  const identity = { physicalId, arn, attributes: Object.fromEntries(attributes) };
  return type.isLater ? { ...identity, isLater: true } : identity;
}

/** What is no text is at fault, and reported as such elsewhere. */
const textOf = (value: unknown) => (typeof value === 'string' ? value : '');

/**
 * `<stack>-<logical id>-<twelve characters>`, cut to what the service takes; bucket names in lower case, FIFO queues
 * with the suffix that SQS asks for.
 */
function generatedName(
  { stackName }: Place,
  logicalId: string,
  { nameProperty, nameLengthMax = 128 }: ResourceType,
  properties: Readonly<Record<string, unknown>>,
  seed: string,
): string {
  const suffix = createHash('sha256').update(seed).digest('hex').slice(0, 12);
  const fifo = properties.FifoQueue === true ? '.fifo' : '';
  const readable = `${stackName}-${logicalId}`.slice(0, nameLengthMax - suffix.length - 1 - fifo.length);
  if (nameProperty === 'BucketName') return `${readable}-${suffix}`.toLowerCase();
  return `${readable}-${suffix.toUpperCase()}${fifo}`;
}

function uuid(text: string): string {
  const digits = createHash('sha256').update(text).digest('hex').slice(0, 32);
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
