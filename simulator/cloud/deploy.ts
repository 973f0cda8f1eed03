import { Fault } from '../machine.ts';
import type { World } from '../world.ts';
import type { Bus } from './events/bus.ts';
import type { Target } from './events/target.ts';
import { checkPolicy, policiesOf, trustAllows } from './iam/iam.ts';
import { checkKnown } from './known.ts';
import { invalid } from './lambda/function.ts';
import type { Lambda } from './lambda/lambda.ts';
import type { Mappings } from './lambda/mapping.ts';
import type { Runtime } from './lambda/sandbox.ts';
import type { QueueAttributes } from './sqs/attributes.ts';
import type { Redrive } from './sqs/queue.ts';
import type { Sqs } from './sqs/sqs.ts';
import type { Stack, StackResource } from './template/template.ts';

/** Where a stack is deployed to. */
export interface Deployment {
  readonly world: World;
  readonly sqs: Sqs;
  readonly bus: Bus;
  readonly lambda: Lambda;
  readonly mappings: Mappings;
  /** Finds the code of the stack's functions. */
  readonly runtime: Runtime;
}

type Step = (resource: StackResource, to: Deployment, stack: Stack) => void;

/** In this order; a type that stands twice is gone through twice. */
const steps: readonly (readonly [type: string, step: Step])[] = [
  ['AWS::SQS::Queue', createQueue],
  ['AWS::SQS::Queue', redriveQueue],
  ['AWS::SQS::QueuePolicy', setQueuePolicy],
  ['AWS::Lambda::Function', createFunction],
  ['AWS::Lambda::Permission', addPermission],
  ['AWS::Lambda::EventInvokeConfig', setInvokeConfig],
  ['AWS::Events::Rule', putRule],
  ['AWS::Lambda::EventSourceMapping', createMapping],
];

/**
 * Creates what a stack consists of, from nothing but the stack. Throws Fault as the service does that refuses it, the
 * logical id in front; refuses a type or property that nothing here knows.
 */
export function deploy(stack: Stack, to: Deployment): void {
  const resources = [...stack.resources.values()];
  for (const resource of resources) checkKnown(resource);
  for (const [type, step] of steps)
    for (const resource of resources)
      if (resource.type === type) within(resource, () => step(resource, to, stack));
  to.world.record('deployed', { stackName: stack.stackName, resources: resources.length });
}

function within({ logicalId, type }: StackResource, run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new Fault(error.code, `${logicalId} (${type}): ${error.message}`, error.status);
  }
}

/** The properties as this type has them: the template was checked against the shapes in `resources.ts`. */
const propertiesOf = <T extends object>({ properties }: StackResource) => properties as Partial<T>;

function createQueue(resource: StackResource, { world, sqs }: Deployment): void {
  const { arn } = sqs.createQueue(world.now, nameIn(resource.arn), propertiesOf<QueueAttributes>(resource));
  if (arn !== resource.arn)
    throw new Error(`${resource.logicalId}: expected the ARN ${resource.arn}, got ${arn}`);
}

function redriveQueue(resource: StackResource, { sqs }: Deployment): void {
  const { RedrivePolicy } = propertiesOf<{ RedrivePolicy: Redrive }>(resource);
  if (RedrivePolicy) sqs.setRedrive(resource.arn, RedrivePolicy);
}

function setQueuePolicy(resource: StackResource, { sqs }: Deployment, stack: Stack): void {
  const { Queues = [], PolicyDocument } = propertiesOf<{ Queues: string[]; PolicyDocument: unknown }>(
    resource,
  );
  for (const url of Queues) {
    const queue = [...stack.resources.values()].find(
      ({ type, physicalId }) => type === 'AWS::SQS::Queue' && physicalId === url,
    );
    if (!queue)
      throw new Fault('QueueDoesNotExist', `Queues: expected the URL of a queue of the stack, got ${url}`);
    sqs.setPolicy(queue.arn, checkPolicy(PolicyDocument, 'resource'));
  }
}

interface FunctionProperties {
  readonly Handler: string;
  readonly Role: string;
  readonly Runtime: string;
  readonly Timeout: number;
  readonly MemorySize: number;
  readonly ReservedConcurrentExecutions: number;
  readonly DeadLetterConfig: { readonly TargetArn?: string };
  readonly Environment: { readonly Variables?: Readonly<Record<string, string>> };
  readonly LoggingConfig: {
    readonly LogGroup?: string;
    readonly LogFormat?: string;
    readonly ApplicationLogLevel?: string;
  };
}

/** A function that says nothing has 3 seconds and 128 MB. */
function createFunction(resource: StackResource, { lambda, runtime }: Deployment, stack: Stack): void {
  const {
    Handler = '',
    Role = '',
    Runtime: runtimeId = '',
    Timeout = 3,
    MemorySize = 128,
    LoggingConfig,
    ...rest
  } = propertiesOf<FunctionProperties>(resource);
  const role = [...stack.resources.values()].find(
    ({ type, arn }) => type === 'AWS::IAM::Role' && arn === Role,
  );
  if (!role) throw invalid(`Role: expected the ARN of a role of the stack, got ${Role}`);
  if (!trustAllows(role, 'lambda.amazonaws.com'))
    throw invalid('The role defined for the function cannot be assumed by Lambda.');
  lambda.createFunction(
    {
      functionName: nameIn(resource.arn),
      handler: Handler,
      runtimeId,
      role: { arn: role.arn, policies: policiesOf(stack, role.arn) },
      timeoutSeconds: Timeout,
      memoryMb: MemorySize,
      environment: rest.Environment?.Variables ?? {},
      logGroupName: LoggingConfig?.LogGroup,
      logFormat: LoggingConfig?.LogFormat,
      applicationLogLevel: LoggingConfig?.ApplicationLogLevel,
      reservedConcurrency: rest.ReservedConcurrentExecutions,
      deadLetterArn: rest.DeadLetterConfig?.TargetArn,
    },
    runtime,
  );
}

function addPermission(resource: StackResource, { lambda }: Deployment): void {
  const {
    FunctionName = '',
    Action = '',
    Principal = '',
    SourceArn,
    SourceAccount,
  } = propertiesOf<Record<string, string>>(resource);
  lambda.addPermission(FunctionName, {
    action: Action,
    principal: Principal,
    sourceArn: SourceArn,
    sourceAccount: SourceAccount,
  });
}

interface InvokeConfigProperties {
  readonly FunctionName: string;
  readonly Qualifier: string;
  readonly MaximumRetryAttempts: number;
  readonly MaximumEventAgeInSeconds: number;
  readonly DestinationConfig: {
    readonly OnFailure?: { Destination: string };
    readonly OnSuccess?: { Destination: string };
  };
}

function setInvokeConfig(resource: StackResource, { lambda }: Deployment): void {
  const properties = propertiesOf<InvokeConfigProperties>(resource);
  const { FunctionName = '', Qualifier, DestinationConfig } = properties;
  const { MaximumRetryAttempts: attempts, MaximumEventAgeInSeconds: seconds } = properties;
  if (Qualifier !== '$LATEST') throw invalid(`Qualifier: expected $LATEST, got ${Qualifier}`);
  lambda.setInvokeConfig(FunctionName, {
    ...(attempts === undefined ? {} : { maximumRetryAttempts: attempts }),
    ...(seconds === undefined ? {} : { maximumEventAgeSeconds: seconds }),
    onFailureArn: DestinationConfig?.OnFailure?.Destination,
    onSuccessArn: DestinationConfig?.OnSuccess?.Destination,
  });
}

interface RuleProperties {
  readonly Description: string;
  readonly EventPattern: unknown;
  readonly ScheduleExpression: string;
  readonly State: string;
  readonly Targets: readonly TargetProperties[];
}

interface TargetProperties {
  readonly Id: string;
  readonly Arn: string;
  readonly Input?: string;
  readonly InputPath?: string;
  readonly InputTransformer?: {
    readonly InputPathsMap?: Readonly<Record<string, string>>;
    readonly InputTemplate: string;
  };
  readonly SqsParameters?: { readonly MessageGroupId: string };
  readonly DeadLetterConfig?: { readonly Arn?: string };
  readonly RetryPolicy?: {
    readonly MaximumRetryAttempts?: number;
    readonly MaximumEventAgeInSeconds?: number;
  };
}

function putRule(resource: StackResource, { bus }: Deployment): void {
  const {
    Description,
    EventPattern,
    ScheduleExpression,
    State = 'ENABLED',
    Targets = [],
  } = propertiesOf<RuleProperties>(resource);
  if (State !== 'ENABLED' && State !== 'DISABLED')
    throw new Fault('ValidationException', `State: expected ENABLED or DISABLED, got ${State}`);
  bus.putRule({
    name: resource.physicalId,
    description: Description,
    eventPattern: EventPattern,
    scheduleExpression: ScheduleExpression,
    isEnabled: State === 'ENABLED',
    targets: Targets.map(targetOf),
  });
}

function targetOf({ InputTransformer: transformer, ...target }: TargetProperties): Target {
  return {
    id: target.Id,
    arn: target.Arn,
    input: target.Input,
    inputPath: target.InputPath,
    inputTransformer: transformer && {
      inputPathsMap: transformer.InputPathsMap ?? {},
      inputTemplate: transformer.InputTemplate,
    },
    messageGroupId: target.SqsParameters?.MessageGroupId,
    deadLetterArn: target.DeadLetterConfig?.Arn,
    maximumRetryAttempts: target.RetryPolicy?.MaximumRetryAttempts,
    maximumEventAgeSeconds: target.RetryPolicy?.MaximumEventAgeInSeconds,
  };
}

interface MappingProperties {
  readonly EventSourceArn: string;
  readonly FunctionName: string;
  readonly BatchSize: number;
  readonly MaximumBatchingWindowInSeconds: number;
  readonly Enabled: boolean;
  readonly FilterCriteria: { readonly Filters?: readonly { readonly Pattern?: string }[] };
  readonly FunctionResponseTypes: readonly string[];
  readonly ScalingConfig: { readonly MaximumConcurrency?: number };
}

function createMapping(resource: StackResource, { mappings }: Deployment): void {
  const properties = propertiesOf<MappingProperties>(resource);
  const { EventSourceArn = '', FunctionName = '', FunctionResponseTypes: responses = [] } = properties;
  const unknown = responses.find((response) => response !== 'ReportBatchItemFailures');
  if (unknown) throw invalid(`FunctionResponseTypes: expected ReportBatchItemFailures, got ${unknown}`);
  mappings.create({
    eventSourceArn: EventSourceArn,
    functionName: FunctionName,
    batchSize: properties.BatchSize,
    maximumBatchingWindowSeconds: properties.MaximumBatchingWindowInSeconds,
    enabled: properties.Enabled,
    reportsBatchItemFailures: responses.length > 0,
    maximumConcurrency: properties.ScalingConfig?.MaximumConcurrency,
    filterPatterns: properties.FilterCriteria?.Filters?.map(({ Pattern = '' }) => Pattern),
  });
}

const nameIn = (arn: string) => arn.split(':').at(-1) ?? '';
