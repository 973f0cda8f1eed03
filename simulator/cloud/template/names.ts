import { createHash } from 'node:crypto';
import type { ResourceType } from './resources.ts';

/** Where a stack stands. */
export interface Place {
  readonly region: string;
  readonly accountId: string;
  readonly stackName: string;
}

/** What a resource is called once it is created. */
export interface Identity {
  /** What `Ref` answers. */
  readonly physicalId: string;
  /** Empty for a resource that has no ARN. */
  readonly arn: string;
  /** What `Fn::GetAtt` answers, by attribute. */
  readonly attributes: Readonly<Record<string, string>>;
}

const partitionOf = (region: string) =>
  region.startsWith('cn-') ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';

const urlSuffixOf = (region: string) => (region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com');

/** What `Ref` answers for `AWS::Region` and its like, AWS::NoValue apart; undefined when there is no such name. */
export function pseudoParameter(name: string, { region, accountId, stackName }: Place): unknown {
  const partition = partitionOf(region);
  const stackId = `arn:${partition}:cloudformation:${region}:${accountId}:stack/${stackName}/${uuid(stackName)}`;
  const values: Readonly<Record<string, unknown>> = {
    'AWS::AccountId': accountId,
    'AWS::NotificationARNs': [],
    'AWS::Partition': partition,
    'AWS::Region': region,
    'AWS::StackId': stackId,
    'AWS::StackName': stackName,
    'AWS::URLSuffix': urlSuffixOf(region),
  };
  return Object.hasOwn(values, name) ? values[name] : undefined;
}

/** The names of a resource. Where its properties give none, CloudFormation's own form, always the same for one stack. */
export function identify(
  place: Place,
  logicalId: string,
  type: ResourceType,
  properties: Readonly<Record<string, unknown>>,
): Identity {
  const given = type.nameProperty === undefined ? undefined : properties[type.nameProperty];
  const name = typeof given === 'string' ? given : generatedName(place, logicalId, type, properties);
  const path = typeof properties.Path === 'string' ? properties.Path : '/';
  const words: Record<string, unknown> = {
    ...properties,
    ...place,
    partition: partitionOf(place.region),
    urlSuffix: urlSuffixOf(place.region),
    name,
    generated: name,
    uuid: uuid(`${place.stackName}/${logicalId}`),
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
  return { physicalId, arn, attributes: Object.fromEntries(attributes) };
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
): string {
  const suffix = createHash('sha256').update(`${stackName}/${logicalId}`).digest('hex').slice(0, 12);
  const fifo = properties.FifoQueue === true ? '.fifo' : '';
  const readable = `${stackName}-${logicalId}`.slice(0, nameLengthMax - suffix.length - 1 - fifo.length);
  if (nameProperty === 'BucketName') return `${readable}-${suffix}`.toLowerCase();
  return `${readable}-${suffix.toUpperCase()}${fifo}`;
}

function uuid(text: string): string {
  const digits = createHash('sha256').update(text).digest('hex').slice(0, 32);
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
