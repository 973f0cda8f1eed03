import type { Ids } from '../../chance.ts';
import { Fault } from '../../machine.ts';
import type { World } from '../../world.ts';
import { isRecord } from '../events/matcher.ts';
import type { Lambda } from '../lambda/lambda.ts';
import type { StackResource } from '../template/template.ts';

/** What a function is asked for a custom resource. */
export interface CustomRequest {
  readonly type: 'Create' | 'Update' | 'Delete';
  readonly stackId: string;
  /** Its physical id is the one that it has, or gets when the function names none. */
  readonly resource: StackResource;
  readonly before?: StackResource | undefined;
}

interface Awaited {
  readonly request: CustomRequest;
  readonly requestId: string;
  readonly done: (answer: StackResource | Fault) => void;
  readonly forget: () => void;
}

/** How long an answer is waited for unless ServiceTimeout says otherwise, and at most (seconds). */
const timeoutSecondsMax = 3600;

const answerBytesMax = 4096;

const path = '/cloudformation-custom-resource-response/';

/**
 * Asks functions to create, update and delete custom resources, and takes their answers.
 *
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref.html
 */
export class CustomResources {
  private readonly world: World;
  private readonly lambda: Lambda;
  private readonly ids: Ids;
  private readonly urls: string;
  private readonly awaited = new Map<string, Awaited>();

  constructor(options: { world: World; lambda: Lambda; region: string; endpointUrl: string | undefined }) {
    const { region, endpointUrl } = options;
    this.world = options.world;
    this.lambda = options.lambda;
    this.ids = options.world.ids('cloudformation/custom-resources');
    this.urls =
      endpointUrl === undefined
        ? `https://cloudformation-custom-resource-response-${region}.s3.${region}.amazonaws.com/`
        : `${endpointUrl}${path}`;
  }

  /** Asks; `done` is told once what the resource is then, or why not. The answer of this method breaks it off. */
  ask(request: CustomRequest, done: (answer: StackResource | Fault) => void): () => void {
    const token = this.ids.hex(32);
    const requestId = this.ids.uuid();
    const { ServiceToken, ServiceTimeout = timeoutSecondsMax } = request.resource.properties;
    const timeoutMs = Number(ServiceTimeout) * 1000;
    const late = this.world.at(this.world.now + timeoutMs, () => this.end(token, noAnswer(requestId)));
    const forget = () => {
      late();
      this.awaited.delete(token);
    };
    this.awaited.set(token, { request, requestId, done, forget });
    try {
      checkTimeout(ServiceTimeout);
      const event = eventOf(request, requestId, `${this.urls}${token}`);
      this.lambda.accept(
        String(ServiceToken),
        JSON.stringify(event),
        `cloudformation:${request.resource.logicalId}`,
      );
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const { message, code } = error;
      this.end(token, new CustomFailure(`${message} (Service: Lambda; Error Code: ${code})`, 'not-asked'));
    }
    return forget;
  }

  /** Takes what a function put to the URL that it was given; false: nobody waits under this token. */
  respond(token: string, body: string): boolean {
    const awaited = this.awaited.get(token);
    if (awaited) this.end(token, answerOf(awaited, body));
    return awaited !== undefined;
  }

  /** The same, by the whole URL. */
  respondAt(url: string, body: string): boolean {
    return url.startsWith(this.urls) && this.respond(url.slice(this.urls.length), body);
  }

  private end(token: string, answer: StackResource | Fault): void {
    const awaited = this.awaited.get(token);
    awaited?.forget();
    awaited?.done(answer);
  }
}

/** Why a function did not do what it was asked, or was not asked at all. */
export class CustomFailure extends Fault {
  readonly wasAsked: boolean;
  /** What the resource is called all the same, where the function said so. */
  readonly physicalId: string | undefined;

  constructor(reason: string, how: 'asked' | 'not-asked', physicalId?: string) {
    super('CustomResourceFailure', reason);
    this.wasAsked = how === 'asked';
    this.physicalId = physicalId;
  }
}

const failed = (reason: string, physicalId?: string) => new CustomFailure(reason, 'asked', physicalId);

const noAnswer = (requestId: string) =>
  failed(
    `CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId [${requestId}]. If you are using the Python cfn-response module, you may need to update your Lambda function code so that CloudFormation can attach the updated version.`,
  );

function checkTimeout(seconds: unknown): void {
  if (Number.isInteger(seconds) && Number(seconds) >= 1 && Number(seconds) <= timeoutSecondsMax) return;
  throw new Fault(
    'ValidationError',
    `ServiceTimeout: expected an integer from 1 to ${timeoutSecondsMax}, got ${seconds}`,
  );
}

function eventOf({ type, stackId, resource, before }: CustomRequest, requestId: string, responseUrl: string) {
  return {
    RequestType: type,
    ServiceToken: resource.properties.ServiceToken,
    ResponseURL: responseUrl,
    StackId: stackId,
    RequestId: requestId,
    LogicalResourceId: resource.logicalId,
    ...(type === 'Create' ? {} : { PhysicalResourceId: (before ?? resource).physicalId }),
    ResourceType: resource.type,
    ResourceProperties: texts(resource.properties),
    ...(type === 'Update' ? { OldResourceProperties: texts(before?.properties ?? {}) } : {}),
  };
}

/** Whatever stands in a property, a function gets as text. */
function texts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(texts);
  if (isRecord(value))
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, texts(inner)]));
  return String(value);
}

function answerOf({ request, requestId }: Awaited, body: string): StackResource | Fault {
  if (Buffer.byteLength(body) > answerBytesMax) return failed('Response object is too long.');
  const answer = parsed(body);
  if (!answer) return failed('Response is not valid JSON: expected an object.');
  const { resource, before, stackId } = request;
  const own = { StackId: stackId, RequestId: requestId, LogicalResourceId: resource.logicalId };
  for (const [name, expected] of Object.entries(own))
    if (answer[name] !== expected)
      return failed(`Invalid response: expected ${name} ${expected}, got ${JSON.stringify(answer[name])}`);
  const { Status, Reason, PhysicalResourceId, Data = {} } = answer;
  const physicalId = typeof PhysicalResourceId === 'string' ? PhysicalResourceId : '';
  if (Status === 'FAILED')
    return failed(
      `Received response status [FAILED] from custom resource. Message returned: ${Reason} (RequestId: ${requestId})`,
      physicalId || undefined,
    );
  if (Status !== 'SUCCESS')
    return failed(`Invalid Status: expected SUCCESS or FAILED, got ${JSON.stringify(Status)}`);
  if (physicalId === '' || physicalId.length > 1024)
    return failed('Invalid PhysicalResourceId: expected 1 to 1024 characters');
  if (!isRecord(Data)) return failed('Invalid Data: expected an object');
  const attributes = Object.entries(Data).map(([name, value]) => [name, textOf(value)]);
  const after = request.type === 'Delete' ? (before ?? resource) : resource;
  return { ...after, physicalId, attributes: Object.fromEntries(attributes) };
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));

function parsed(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isRecord(value) ? value : undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}
