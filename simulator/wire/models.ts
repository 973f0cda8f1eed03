import * as autoscaling from '@aws-sdk/client-auto-scaling';
import * as cloudformation from '@aws-sdk/client-cloudformation';
import * as logs from '@aws-sdk/client-cloudwatch-logs';
import * as ecr from '@aws-sdk/client-ecr';
import * as ecs from '@aws-sdk/client-ecs';
import * as events from '@aws-sdk/client-eventbridge';
import * as lambda from '@aws-sdk/client-lambda';
import * as s3 from '@aws-sdk/client-s3';
import * as sqs from '@aws-sdk/client-sqs';
import * as ssm from '@aws-sdk/client-ssm';
import * as sts from '@aws-sdk/client-sts';
import { NormalizedSchema } from '@smithy/core/schema';
import type { ServiceName } from '../machine.ts';

/** How a service speaks that names the operation by method and path: documents in XML, or in JSON. */
export type RestProtocol =
  | { readonly kind: 'rest-xml'; readonly xmlNamespace: string }
  | { readonly kind: 'rest-json' };

/** How a service speaks: JSON with the operation in a header, a form in and XML out, or REST. */
export type Protocol =
  | RestProtocol
  | {
      readonly kind: 'json';
      readonly version: '1.0' | '1.1';
      readonly target: string;
      readonly namespace: string;
    }
  | { readonly kind: 'query'; readonly version: string; readonly xmlNamespace: string };

/** Input and output of one operation, as the SDK's runtime schemas describe them. */
export interface OperationModel {
  readonly input: NormalizedSchema;
  readonly output: NormalizedSchema;
}

/** An operation that is addressed by method and path. */
export interface RestModel extends OperationModel {
  readonly http: readonly [method: string, pattern: string, status: number];
}

/** An error that the service's model declares. */
export interface ErrorModel {
  /** The shape's name: `QueueDoesNotExist`. */
  readonly name: string;
  /** The code of the query protocol where it has one: `AWS.SimpleQueueService.NonExistentQueue`. */
  readonly queryCode: string;
  /** The HTTP status it always has; undefined: whoever throws it decides. */
  readonly status: number | undefined;
}

/** The services in a fixed order. */
export const serviceNames: readonly ServiceName[] = [
  'ecs',
  'autoscaling',
  'sqs',
  'events',
  'cloudformation',
  's3',
  'sts',
  'lambda',
  'logs',
  'ecr',
  'ssm',
];

/** The protocol of each service (D-6.1, D-6.11; the SDK clients' `runtimeConfig`). */
export const protocols: Readonly<Record<ServiceName, Protocol>> = {
  ecs: {
    kind: 'json',
    version: '1.1',
    target: 'AmazonEC2ContainerServiceV20141113',
    namespace: 'com.amazonaws.ecs',
  },
  events: { kind: 'json', version: '1.1', target: 'AWSEvents', namespace: 'com.amazonaws.eventbridge' },
  sqs: { kind: 'json', version: '1.0', target: 'AmazonSQS', namespace: 'com.amazonaws.sqs' },
  ssm: { kind: 'json', version: '1.1', target: 'AmazonSSM', namespace: 'com.amazonaws.ssm' },
  autoscaling: {
    kind: 'query',
    version: '2011-01-01',
    xmlNamespace: 'http://autoscaling.amazonaws.com/doc/2011-01-01/',
  },
  cloudformation: {
    kind: 'query',
    version: '2010-05-15',
    xmlNamespace: 'http://cloudformation.amazonaws.com/doc/2010-05-15/',
  },
  s3: { kind: 'rest-xml', xmlNamespace: 'http://s3.amazonaws.com/doc/2006-03-01/' },
  sts: {
    kind: 'query',
    version: '2011-06-15',
    xmlNamespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
  },
  lambda: { kind: 'rest-json' },
  logs: { kind: 'json', version: '1.1', target: 'Logs_20140328', namespace: 'com.amazonaws.cloudwatchlogs' },
  ecr: {
    kind: 'json',
    version: '1.1',
    target: 'AmazonEC2ContainerRegistry_V20150921',
    namespace: 'com.amazonaws.ecr',
  },
};

const models: Readonly<Record<ServiceName, Readonly<Record<string, unknown>>>> = {
  ecs,
  autoscaling,
  sqs,
  ssm,
  events,
  cloudformation,
  s3,
  sts,
  lambda,
  logs,
  ecr,
};

/** The traits that the SDK's static error schemas carry in their fourth item. */
interface ErrorTraits {
  readonly error?: 'client' | 'server';
  readonly httpError?: number;
  readonly awsQueryError?: readonly [code: string, status: number];
}

/** First items of the SDK's static schemas that tell what a schema describes. */
const schemaKind = { operation: 9, error: -3 } as const;

const known = new Map<string, (OperationModel & { readonly http?: RestModel['http'] }) | undefined>();

/** The operation of that name; undefined when the service has none. */
export function operationModel(service: ServiceName, operation: string): OperationModel | undefined {
  return modelOf(service, operation);
}

/** The same with how it is addressed; undefined for an operation that is not addressed by method and path. */
export function restModel(service: ServiceName, operation: string): RestModel | undefined {
  const model = modelOf(service, operation);
  return model?.http && { ...model, http: model.http };
}

/** Every operation of a service, in the order of the SDK. */
export function operationNames(service: ServiceName): string[] {
  return Object.values(models[service]).flatMap((schema) =>
    Array.isArray(schema) && schema[0] === schemaKind.operation ? [String(schema[2])] : [],
  );
}

function modelOf(service: ServiceName, operation: string) {
  const key = `${service}:${operation}`;
  if (!known.has(key)) known.set(key, readOperation(models[service][`${operation}$`]));
  return known.get(key);
}

function readOperation(schema: unknown) {
  if (!Array.isArray(schema) || schema[0] !== schemaKind.operation) return undefined;
  const traits: { readonly http?: RestModel['http'] } | 0 = schema[3];
  const model = { input: NormalizedSchema.of(schema[4]), output: NormalizedSchema.of(schema[5]) };
  return traits !== 0 && traits.http ? { ...model, http: traits.http } : model;
}

/** The SDK's static structures name the required members first and say how many they are in their seventh item. */
export function requiredCount(schema: NormalizedSchema): number {
  const declared: unknown = schema.getSchema();
  const count: unknown = Array.isArray(declared) ? declared[6] : undefined;
  return typeof count === 'number' ? count : 0;
}

const errors = new Map<ServiceName, readonly ErrorModel[]>();

/** The declared error with that code, in either spelling; undefined for codes no model declares (`ValidationError`). */
export function errorModel(service: ServiceName, code: string): ErrorModel | undefined {
  const declared = errors.get(service) ?? Object.values(models[service]).flatMap(readError);
  errors.set(service, declared);
  return declared.find((error) => error.name === code || error.queryCode === code);
}

function readError(schema: unknown): ErrorModel[] {
  if (!Array.isArray(schema) || schema[0] !== schemaKind.error) return [];
  const name: string = schema[2];
  const traits: ErrorTraits = schema[3];
  const status = traits.httpError ?? (traits.error === 'server' ? 500 : undefined);
  return [{ name, queryCode: traits.awsQueryError?.[0] ?? name, status }];
}
