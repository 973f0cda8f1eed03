import { Fault } from '../../machine.ts';
import type { PolicyDocument, PolicyStatement } from '../iam/iam.ts';
import type { InvokeConfig } from './asynchronous.ts';

/** How a function is set up. */
export interface FunctionDefinition {
  readonly functionName: string;
  readonly description?: string | undefined;
  /** `file.export`, as in the template. */
  readonly handler: string;
  /** The identifier of Lambda, as `nodejs24.x`. */
  readonly runtimeId: string;
  readonly role: { readonly arn: string; readonly policies: readonly PolicyDocument[] };
  /** 1 to 900 (D-5.25). */
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly logGroupName?: string | undefined;
  readonly logFormat?: string | undefined;
  readonly applicationLogLevel?: string | undefined;
  /** Undefined: shares what is left of the account's concurrency. */
  readonly reservedConcurrency?: number | undefined;
  /** A standard SQS queue for asynchronous events that were given up. */
  readonly deadLetterArn?: string | undefined;
}

/** A deployed function. */
export interface LambdaFunction extends FunctionDefinition {
  readonly functionArn: string;
  readonly invokeConfig: InvokeConfig;
  /** When code or configuration last changed (milliseconds). */
  readonly modifiedAt: number;
  /** Of the package, base64; empty where the code came in no package. */
  readonly codeSha256: string;
  readonly codeBytes: number;
}

/** Names that Lambda keeps for itself: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html */
const reservedVariables =
  /^(_HANDLER|_X_AMZN_TRACE_ID|AWS_(DEFAULT_)?REGION|AWS_EXECUTION_ENV|AWS_LAMBDA_.*|AWS_ACCESS_KEY(_ID)?|AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN|LAMBDA_(TASK_ROOT|RUNTIME_DIR))$/;

/** Refuses a definition that CreateFunction refuses. Throws Fault. */
export function checkDefinition(definition: FunctionDefinition): void {
  inRange('Timeout', definition.timeoutSeconds, 1, 900);
  inRange('MemorySize', definition.memoryMb, 128, 10_240);
  const taken = Object.keys(definition.environment).find((name) => reservedVariables.test(name));
  if (taken)
    throw invalid(
      `Lambda was unable to configure your environment variables because ${taken} is reserved for the service.`,
    );
}

/**
 * The environment variables that Lambda adds to those of the function.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
 */
export function runtimeEnvironment(
  settings: LambdaFunction,
  place: { region: string; now: number; logStreamId: string; accessKeyId: string },
): Record<string, string> {
  const { functionName, memoryMb, runtimeId, handler, logFormat, applicationLogLevel } = settings;
  const day = new Date(place.now).toISOString().slice(0, 10).replaceAll('-', '/');
  const level: Record<string, string> = applicationLogLevel
    ? { AWS_LAMBDA_LOG_LEVEL: applicationLogLevel }
    : {};
  return {
    _HANDLER: handler,
    AWS_REGION: place.region,
    AWS_DEFAULT_REGION: place.region,
    AWS_EXECUTION_ENV: `AWS_Lambda_${runtimeId}`,
    AWS_LAMBDA_FUNCTION_NAME: functionName,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: logGroupOf(settings),
    AWS_LAMBDA_LOG_STREAM_NAME: `${day}/[$LATEST]${place.logStreamId}`,
    AWS_LAMBDA_LOG_FORMAT: logFormat ?? 'Text',
    ...level,
    AWS_ACCESS_KEY_ID: place.accessKeyId,
    AWS_SECRET_ACCESS_KEY: 'simulated',
    AWS_SESSION_TOKEN: 'simulated',
    LAMBDA_TASK_ROOT: '/var/task',
    LAMBDA_RUNTIME_DIR: '/var/runtime',
    TZ: ':UTC',
  };
}

/** What AWS::Lambda::Permission grants. */
export interface Permission {
  readonly action: string;
  readonly principal: string;
  readonly sourceArn?: string | undefined;
  readonly sourceAccount?: string | undefined;
}

/** The statement of the function's own policy that a permission stands for. */
export function statementOf(
  { action, principal, sourceArn, sourceAccount }: Permission,
  resource: string,
  statementId?: string,
): PolicyStatement {
  return {
    ...(statementId === undefined ? {} : { Sid: statementId }),
    Effect: 'Allow',
    Principal: principal.includes('.amazonaws.com') ? { Service: principal } : { AWS: principal },
    Action: action,
    Resource: resource,
    Condition: {
      ...(sourceArn === undefined ? {} : { ArnLike: { 'AWS:SourceArn': sourceArn } }),
      ...(sourceAccount === undefined ? {} : { StringEquals: { 'AWS:SourceAccount': sourceAccount } }),
    },
  };
}

/** The name in a name or ARN; undefined for another version than $LATEST. */
export function nameOf(nameOrArn: string): string | undefined {
  return /^(?:arn:aws:lambda:[\w-]+:\d{12}:function:)?([\w-]+)(?::\$LATEST)?$/.exec(nameOrArn)?.[1];
}

/** Where the function logs to. */
export const logGroupOf = ({ functionName, logGroupName }: FunctionDefinition) =>
  logGroupName ?? `/aws/lambda/${functionName}`;

/** The error for a parameter that Lambda does not take. */
export const invalid = (message: string) => new Fault('InvalidParameterValueException', message);

/** Refuses a number that is no integer or out of its bounds, both included. Throws Fault. */
export function inRange(parameter: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw invalid(`${parameter}: expected an integer from ${min} to ${max}, got ${value}`);
}
