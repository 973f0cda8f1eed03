import { type Applied, type Call, Fault, type Need, type Outcome, type Service } from '../../machine.ts';
import type { Buckets } from '../s3/buckets.ts';
import { invalid, type LambdaFunction, logGroupOf, nameOf } from './function.ts';
import type { Lambda } from './lambda.ts';
import { type CodeOf, codeIn, type PackagePlace, unpacked } from './package.ts';
import type { Ended } from './sandbox.ts';

/** What an operation of Lambda may be given, as the SDK's schemas name it. */
interface Input extends PackagePlace {
  readonly FunctionName?: string;
  readonly Qualifier?: string;
  readonly InvocationType?: string;
  readonly Payload?: Uint8Array;
  readonly ZipFile?: Uint8Array;
  readonly Marker?: string;
  readonly MaxItems?: number;
}

type Operation = (input: Input) => Record<string, unknown>;

const text = new TextDecoder();
const bytes = new TextEncoder();

/** The API of Lambda: what `Lambda` does, for those who call it over the wire. */
export class LambdaApi implements Service {
  /** Nothing happens by itself. */
  readonly nextAt = undefined;
  private readonly lambda: Lambda;
  private readonly s3: Buckets;
  private readonly codeOf: CodeOf | undefined;
  private readonly functionArn: (name: string) => string;

  constructor(options: {
    region: string;
    accountId: string;
    lambda: Lambda;
    s3: Buckets;
    codeOf: CodeOf | undefined;
  }) {
    const { region, accountId } = options;
    this.lambda = options.lambda;
    this.s3 = options.s3;
    this.codeOf = options.codeOf;
    this.functionArn = (name) => `arn:aws:lambda:${region}:${accountId}:function:${name}`;
  }

  advance(): Outcome[] {
    return [];
  }

  get operationNames(): readonly string[] {
    return ['Invoke', ...Object.keys(this.operations)];
  }

  apply(_now: number, { operation, input }: Call): Applied {
    if (operation === 'Invoke') return this.invoke(input as Input);
    const run = this.operations[operation];
    if (!run)
      throw new Fault('UnknownOperationException', `The simulator does not know lambda:${operation}.`, 404);
    return { reply: run(input as Input), outcomes: [] };
  }

  /** Functions are read as they are. */
  tableRead(): undefined {
    return undefined;
  }

  needs({ operation, input }: Call): Need[] {
    const { FunctionName: name } = input as Input;
    const resource = name === undefined ? '*' : this.functionArn(nameOf(name) ?? name);
    const action = operation === 'Invoke' ? 'InvokeFunction' : operation;
    return [{ action: `lambda:${action}`, resource, context: {} }];
  }

  private readonly operations: Readonly<Record<string, Operation>> = {
    GetFunction: (input) => {
      const found = this.find(input);
      const { reservedConcurrency: reserved } = found;
      return {
        Configuration: describe(found),
        Code: { RepositoryType: 'S3', Location: '' },
        Concurrency: reserved === undefined ? undefined : { ReservedConcurrentExecutions: reserved },
      };
    },
    GetFunctionConfiguration: (input) => describe(this.find(input)),
    ListFunctions: ({ Marker = '0', MaxItems = 50 }) => {
      const all = this.lambda.all();
      const from = Number(Marker);
      const to = from + Math.min(MaxItems, 50);
      return {
        Functions: all.slice(from, to).map(describe),
        NextMarker: to < all.length ? String(to) : undefined,
      };
    },
    ListVersionsByFunction: (input) => {
      const found = this.find(input);
      return { Versions: [{ ...describe(found), FunctionArn: `${found.functionArn}:$LATEST` }] };
    },
    UpdateFunctionCode: (input) => {
      const found = this.find(input);
      const { runtime, code } = input.ZipFile
        ? unpacked(input.ZipFile, this.codeOf)
        : codeIn(input, this.s3, this.codeOf);
      this.lambda.changeFunction(found, runtime, code);
      return describe(this.find(input));
    },
  };

  private invoke(input: Input): Applied {
    const { functionArn } = this.find(input);
    const payload = payloadOf(input);
    const { InvocationType: type = 'RequestResponse' } = input;
    if (type === 'DryRun') return { reply: { StatusCode: 204 }, outcomes: [] };
    if (type === 'Event') {
      this.lambda.accept(functionArn, payload, 'invoke');
      return { reply: { StatusCode: 202 }, outcomes: [] };
    }
    if (type !== 'RequestResponse')
      throw invalid(`InvocationType: expected RequestResponse, Event or DryRun, got ${type}`);
    const later: Applied['later'] = (done) =>
      this.lambda.invoke(functionArn, payload, 'invoke', (ended) => done(replyOf(ended)));
    return { reply: {}, outcomes: [], later };
  }

  private find({ FunctionName = '', Qualifier = '$LATEST' }: Input): LambdaFunction {
    const found = Qualifier === '$LATEST' ? this.lambda.function(FunctionName) : undefined;
    if (found) return found;
    const arn = this.functionArn(nameOf(FunctionName) ?? FunctionName);
    const qualified = Qualifier === '$LATEST' ? arn : `${arn}:${Qualifier}`;
    throw new Fault('ResourceNotFoundException', `Function not found: ${qualified}`, 404);
  }
}

/** An invocation without payload has an empty object. */
function payloadOf({ Payload = new Uint8Array() }: Input): string {
  const payload = text.decode(Payload);
  if (payload === '') return '{}';
  try {
    JSON.parse(payload);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new Fault(
      'InvalidRequestContentException',
      `Could not parse request body into json: ${error.message}`,
    );
  }
  return payload;
}

function replyOf(ended: Ended): Record<string, unknown> {
  const about = { StatusCode: 200, ExecutedVersion: '$LATEST' };
  if (ended.outcome === 'success') return { ...about, Payload: bytes.encode(ended.payload) };
  const payload = JSON.stringify({ ...ended.error, trace: [] });
  return { ...about, FunctionError: 'Unhandled', Payload: bytes.encode(payload) };
}

/** What Lambda says of a function. */
function describe(found: LambdaFunction): Record<string, unknown> {
  const { environment, deadLetterArn, logFormat = 'Text', applicationLogLevel } = found;
  return {
    FunctionName: found.functionName,
    FunctionArn: found.functionArn,
    Runtime: found.runtimeId,
    Role: found.role.arn,
    Handler: found.handler,
    CodeSize: found.codeBytes,
    CodeSha256: found.codeSha256,
    Description: found.description ?? '',
    Timeout: found.timeoutSeconds,
    MemorySize: found.memoryMb,
    LastModified: new Date(found.modifiedAt).toISOString().replace('Z', '+0000'),
    Version: '$LATEST',
    PackageType: 'Zip',
    State: 'Active',
    LastUpdateStatus: 'Successful',
    Environment: { Variables: environment },
    DeadLetterConfig: deadLetterArn === undefined ? undefined : { TargetArn: deadLetterArn },
    LoggingConfig: {
      LogFormat: logFormat,
      LogGroup: logGroupOf(found),
      ApplicationLogLevel: applicationLogLevel,
    },
  };
}
