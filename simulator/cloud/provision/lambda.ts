import type { InvokeConfig } from '../lambda/asynchronous.ts';
import { type FunctionDefinition, invalid } from '../lambda/function.ts';
import type { MappingDefinition } from '../lambda/mapping.ts';
import { codeIn, type Package, type PackagePlace } from '../lambda/package.ts';
import type { Runtime } from '../lambda/sandbox.ts';
import type { StackResource } from '../template/template.ts';
import { type Provision, propertiesOf, type Site, unlessGone } from './provision.ts';

const gone = 'ResourceNotFoundException';

interface FunctionProperties {
  readonly Code: PackagePlace;
  readonly Description: string;
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

/** AWS::Lambda::Function */
export const lambdaFunction: Provision = {
  create(resource, site) {
    const { runtime, code } = codeOf(resource, site);
    site.lambda.createFunction(functionOf(resource, site), runtime, code);
  },
  update(resource, _before, site) {
    const { runtime, code } = codeOf(resource, site);
    site.lambda.changeFunction(functionOf(resource, site), runtime, code);
  },
  delete({ physicalId }, { lambda }) {
    unlessGone(() => lambda.deleteFunction(physicalId), gone);
  },
};

/** A function that says nothing has 3 seconds and 128 MB. */
function functionOf(resource: StackResource, { roles }: Site): FunctionDefinition {
  const { Handler = '', Role = '', LoggingConfig, ...rest } = propertiesOf<FunctionProperties>(resource);
  const role = roles.role(Role);
  if (!role) throw invalid(`Role: expected the ARN of a role of the account, got ${Role}`);
  if (!roles.trusts(Role, 'lambda.amazonaws.com'))
    throw invalid('The role defined for the function cannot be assumed by Lambda.');
  return {
    functionName: resource.physicalId,
    description: rest.Description,
    handler: Handler,
    runtimeId: rest.Runtime ?? '',
    role,
    timeoutSeconds: rest.Timeout ?? 3,
    memoryMb: rest.MemorySize ?? 128,
    environment: rest.Environment?.Variables ?? {},
    logGroupName: LoggingConfig?.LogGroup,
    logFormat: LoggingConfig?.LogFormat,
    applicationLogLevel: LoggingConfig?.ApplicationLogLevel,
    reservedConcurrency: rest.ReservedConcurrentExecutions,
    deadLetterArn: rest.DeadLetterConfig?.TargetArn,
  };
}

function codeOf(resource: StackResource, site: Site): { runtime: Runtime; code?: Package } {
  if (site.runtime) return { runtime: site.runtime };
  return codeIn(propertiesOf<FunctionProperties>(resource).Code ?? {}, site.s3, site.codeOf);
}

/** AWS::Lambda::Permission: any change is another statement. */
export const permission: Provision = {
  create(resource, { lambda }) {
    const properties = propertiesOf<Record<string, string>>(resource);
    const { FunctionName = '', Action = '', Principal = '', SourceArn, SourceAccount } = properties;
    const granted = {
      action: Action,
      principal: Principal,
      sourceArn: SourceArn,
      sourceAccount: SourceAccount,
    };
    lambda.addPermission(FunctionName, granted, resource.physicalId);
  },
  update() {
    throw new Error('Every property of AWS::Lambda::Permission asks for another one.');
  },
  delete(resource, { lambda }) {
    const { FunctionName = '' } = propertiesOf<Record<string, string>>(resource);
    unlessGone(() => lambda.removePermission(FunctionName, resource.physicalId), gone);
  },
};

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

/** AWS::Lambda::EventInvokeConfig */
export const invokeConfig: Provision = {
  create(resource, { lambda }) {
    const { functionName, config } = invokeConfigOf(resource);
    lambda.setInvokeConfig(functionName, config);
  },
  update(resource, _before, site) {
    invokeConfig.create(resource, site);
  },
  delete(resource, { lambda }) {
    unlessGone(() => lambda.setInvokeConfig(invokeConfigOf(resource).functionName), gone);
  },
};

function invokeConfigOf(resource: StackResource): { functionName: string; config: Partial<InvokeConfig> } {
  const properties = propertiesOf<InvokeConfigProperties>(resource);
  const { FunctionName = '', Qualifier, DestinationConfig } = properties;
  const { MaximumRetryAttempts: attempts, MaximumEventAgeInSeconds: seconds } = properties;
  if (Qualifier !== '$LATEST') throw invalid(`Qualifier: expected $LATEST, got ${Qualifier}`);
  return {
    functionName: FunctionName,
    config: {
      ...(attempts === undefined ? {} : { maximumRetryAttempts: attempts }),
      ...(seconds === undefined ? {} : { maximumEventAgeSeconds: seconds }),
      onFailureArn: DestinationConfig?.OnFailure?.Destination,
      onSuccessArn: DestinationConfig?.OnSuccess?.Destination,
    },
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

/** AWS::Lambda::EventSourceMapping */
export const mapping: Provision = {
  create(resource, { mappings }) {
    mappings.create(mappingOf(resource), resource.physicalId);
  },
  update(resource, _before, { mappings }) {
    mappings.change(resource.physicalId, mappingOf(resource));
  },
  delete({ physicalId }, { mappings }) {
    unlessGone(() => mappings.delete(physicalId), gone);
  },
};

function mappingOf(resource: StackResource): MappingDefinition {
  const properties = propertiesOf<MappingProperties>(resource);
  const { EventSourceArn = '', FunctionName = '', FunctionResponseTypes: responses = [] } = properties;
  const unknown = responses.find((response) => response !== 'ReportBatchItemFailures');
  if (unknown) throw invalid(`FunctionResponseTypes: expected ReportBatchItemFailures, got ${unknown}`);
  return {
    eventSourceArn: EventSourceArn,
    functionName: FunctionName,
    batchSize: properties.BatchSize,
    maximumBatchingWindowSeconds: properties.MaximumBatchingWindowInSeconds,
    enabled: properties.Enabled,
    reportsBatchItemFailures: responses.length > 0,
    maximumConcurrency: properties.ScalingConfig?.MaximumConcurrency,
    filterPatterns: properties.FilterCriteria?.Filters?.map(({ Pattern = '' }) => Pattern),
  };
}
