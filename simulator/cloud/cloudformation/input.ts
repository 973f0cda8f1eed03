import { Fault } from '../../machine.ts';
import { isRecord } from '../events/matcher.ts';
import type { Buckets } from '../s3/buckets.ts';
import { Blueprint } from '../template/blueprint.ts';
import type { Place } from '../template/names.ts';
import { TemplateError } from '../template/template.ts';
import type { Parameter, Request, StackRecord, Tag } from './stack.ts';

/** What CreateStack, UpdateStack and CreateChangeSet have in common. */
export interface StackInput {
  readonly StackName?: string | undefined;
  readonly TemplateBody?: string;
  readonly TemplateURL?: string;
  readonly UsePreviousTemplate?: boolean;
  readonly Parameters?: readonly {
    readonly ParameterKey?: string;
    readonly ParameterValue?: string;
    readonly UsePreviousValue?: boolean;
  }[];
  readonly Capabilities?: readonly string[];
  readonly Tags?: readonly Tag[];
}

/** The error of CloudFormation for whatever it does not take. */
export const invalidStack = (message: string) => new Fault('ValidationError', message);

const bodyBytesMax = 51_200;
const namedTypes: Readonly<Record<string, string>> = { 'AWS::IAM::Role': 'RoleName' };
const iamTypes = ['AWS::IAM::Role', 'AWS::IAM::Policy'];

/** Refuses a name that no stack can have. Throws Fault. */
export function checkStackName(name: string): void {
  if (/^[a-zA-Z][-a-zA-Z0-9]{0,127}$/.test(name)) return;
  throw invalidStack(
    `1 validation error detected: Value '${name}' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*`,
  );
}

/** The name of the stack whose change set is meant by its name. Throws Fault. */
export function stackNameIn(name: string | undefined): string {
  if (name !== undefined) return name;
  throw invalidStack('StackName must be specified if ChangeSetName is not specified as an ARN.');
}

/** Refuses to update a stack in its status. Throws Fault. */
export function checkUpdatable({ id, status }: StackRecord): void {
  if (/^(CREATE|UPDATE|UPDATE_ROLLBACK)_COMPLETE$/.test(status) || status === 'UPDATE_FAILED') return;
  throw invalidStack(`Stack:${id} is in ${status} state and can not be updated.`);
}

/** Reads what a stack is to be. `previous`: what it is, where it is anything. Throws Fault. */
export function readRequest(
  input: StackInput,
  options: {
    readonly place: Place;
    readonly s3: Buckets;
    readonly exports: ReadonlyMap<string, string>;
    readonly previous: Request | undefined;
  },
): Request {
  const { place, s3, exports, previous } = options;
  refuseUnknown(input);
  const text = input.UsePreviousTemplate ? previous?.text : readTemplate(input, s3);
  if (text === undefined) throw invalidStack('No previous template to use.');
  const parameters = readParameters(input, previous);
  const template = parseTemplate(text);
  const given = Object.fromEntries(
    parameters.map(({ ParameterKey, ParameterValue }) => [ParameterKey, ParameterValue]),
  );
  const blueprint = worked(() => new Blueprint(template, place, given, exports));
  const { Capabilities: capabilities = [], Tags = previous?.tags ?? [] } = input;
  const tags = [...Tags].sort((a, b) => (a.Key < b.Key ? -1 : 1));
  checkCapabilities(template, blueprint, capabilities);
  return { blueprint, text, parameters, tags, capabilities };
}

/** What would be passed over in silence otherwise. An empty list or object asks for nothing. */
const unknown = [
  'RoleARN',
  'NotificationARNs',
  'ResourcesToImport',
  'ResourceTypes',
  'RollbackConfiguration',
];
unknown.push(
  'StackPolicyBody',
  'StackPolicyURL',
  'StackPolicyDuringUpdateBody',
  'StackPolicyDuringUpdateURL',
);
unknown.push('TimeoutInMinutes', 'ImportExistingResources');

function refuseUnknown(input: object): void {
  for (const [name, value] of Object.entries(input)) {
    const isEmpty =
      value === false || (typeof value === 'object' && Object.values(value ?? {}).flat().length === 0);
    if (unknown.includes(name) && !isEmpty)
      throw invalidStack(
        `${name}: expected none, for the simulator does nothing with it; got ${JSON.stringify(value)}`,
      );
  }
}

/** The text of the template that an input names. Throws Fault. */
export function readTemplate({ TemplateBody, TemplateURL }: StackInput, s3: Buckets): string {
  if ((TemplateBody === undefined) === (TemplateURL === undefined))
    throw invalidStack('Either Template URL or Template Body must be specified.');
  if (TemplateBody === undefined) return readUrl(TemplateURL ?? '', s3);
  if (Buffer.byteLength(TemplateBody) > bodyBytesMax)
    throw invalidStack(
      `1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to ${bodyBytesMax}`,
    );
  return TemplateBody;
}

/** A template as what it says. Throws Fault. */
export function parseTemplate(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw invalidStack(
      `Template format error: JSON not well-formed: ${error.message}. The simulator does not read YAML.`,
    );
  }
  throw invalidStack('Template format error: expected a JSON object.');
}

/** What `run` answers; what is wrong with the template as CloudFormation answers it. Throws Fault. */
export function worked<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw invalidStack(`Template format error: ${error.faults.join('; ')}`);
  }
}

/** Bucket and key stand in the path, or the bucket before `.s3`. */
function readUrl(url: string, s3: Buckets): string {
  const { hostname, pathname } = URL.canParse(url) ? new URL(url) : { hostname: '', pathname: '' };
  const inHost = /^(.+)\.s3[.-](?:[\w-]+\.)*amazonaws\.com(?:\.cn)?$/.exec(hostname)?.[1];
  const path = decodeURIComponent(pathname.slice(1));
  const [, bucket = '', key = ''] = inHost ? ['', inHost, path] : (/^([^/]+)\/(.+)$/.exec(path) ?? []);
  if (bucket === '' || key === '') throw invalidStack('TemplateURL must be a supported URL.');
  try {
    return Buffer.from(s3.get(bucket, key).object.body).toString('utf8');
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw invalidStack(`S3 error: ${error.message}`);
  }
}

function readParameters({ Parameters = [] }: StackInput, previous: Request | undefined): Parameter[] {
  return Parameters.map(({ ParameterKey = '', ParameterValue, UsePreviousValue }) => {
    const before = previous?.parameters.find((parameter) => parameter.ParameterKey === ParameterKey);
    if (UsePreviousValue && !before)
      throw invalidStack(
        `Invalid input for parameter key ${ParameterKey}. Cannot specify usePreviousValue as true for a parameter key not in the previous template`,
      );
    return UsePreviousValue && before ? before : { ParameterKey, ParameterValue: ParameterValue ?? '' };
  });
}

/** Whoever makes roles must say so. */
function checkCapabilities(
  template: Record<string, unknown>,
  blueprint: Blueprint,
  capabilities: readonly string[],
): void {
  const iam = blueprint.order.filter((logicalId) => iamTypes.includes(blueprint.typeOf(logicalId)));
  if (iam.length === 0 || capabilities.includes('CAPABILITY_NAMED_IAM')) return;
  const { Resources } = template as { Resources: Record<string, { Properties?: Record<string, unknown> }> };
  const isNamed = iam.some((logicalId) => {
    const name = namedTypes[blueprint.typeOf(logicalId)];
    return name !== undefined && Resources[logicalId]?.Properties?.[name] !== undefined;
  });
  if (!isNamed && capabilities.includes('CAPABILITY_IAM')) return;
  throw new Fault(
    'InsufficientCapabilitiesException',
    `Requires capabilities : [${isNamed ? 'CAPABILITY_NAMED_IAM' : 'CAPABILITY_IAM'}]`,
  );
}
