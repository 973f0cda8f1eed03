import { createHash } from 'node:crypto';
import type {
  GetParameterHistoryRequest,
  GetParameterRequest,
  GetParametersRequest,
} from '@aws-sdk/client-ssm';
import { Fault } from '../machine.ts';
import { type Selection, selectionOf } from './names.ts';
import type { Context, Operations } from './operation.ts';
import { newestOf, type Parameter, type ParameterVersion, type State } from './state.ts';
import { checkLength, constraint, validationException } from './validation.ts';

const namesMax = 10;
const pageMax = 50;

/** GetParameter, GetParameters, GetParameterHistory. */
export const getOperations: Operations = {
  GetParameter: (context, input: GetParameterRequest) => {
    const { state } = context;
    const requested = input.Name ?? '';
    checkLength('name', requested, 1, 2048);
    const selection = selectionOf(state, requested);
    const parameter = parameterOf(context, selection.name);
    return { Parameter: described(state, parameter, versionOf(parameter, selection), input, selection) };
  },
  GetParameters: (context, input: GetParametersRequest) => {
    const { state, viewAt } = context;
    const names = input.Names ?? [];
    checkLength('names', names, 1, namesMax);
    const twice = names.find((name, index) => names.indexOf(name) < index);
    if (twice !== undefined) throw validationException(`Duplicate parameter name: ${twice}`);
    const found = names.map((name) => {
      const selection = selectionOf(state, name);
      const parameter = state.parameters.get(selection.name, viewAt);
      const version = parameter && findVersion(parameter, selection);
      return { name, answer: version && described(state, parameter, version, input, selection) };
    });
    return {
      Parameters: found.flatMap(({ answer }) => answer ?? []),
      InvalidParameters: found.flatMap(({ name, answer }) => (answer ? [] : name)),
    };
  },
  GetParameterHistory: (context, input: GetParameterHistoryRequest) => {
    const { state } = context;
    const { MaxResults = pageMax, NextToken } = input;
    if (MaxResults < 1) throw constraint('maxResults', MaxResults, 'have value greater than or equal to 1');
    if (MaxResults > pageMax)
      throw constraint('maxResults', MaxResults, `have value less than or equal to ${pageMax}`);
    const parameter = parameterOf(context, selectionOf(state, input.Name ?? '').name);
    const after = NextToken === undefined ? 0 : versionIn(NextToken);
    const left = parameter.versions.filter(({ version }) => version > after);
    const given = left.slice(0, MaxResults);
    const isLast = given.length === left.length;
    return {
      Parameters: given.map((version) => inHistory(parameter, version, input)),
      NextToken: isLast ? undefined : tokenFor(given.at(-1)?.version ?? 0),
    };
  },
};

/** The parameter as of the view. Throws ParameterNotFound. */
export function parameterOf({ state, viewAt }: Context, name: string): Parameter {
  const parameter = state.parameters.get(name, viewAt);
  if (parameter) return parameter;
  throw new Fault('ParameterNotFound', `Parameter ${name} not found.`);
}

function versionOf(parameter: Parameter, selection: Selection): ParameterVersion {
  const found = findVersion(parameter, selection);
  if (found) return found;
  const { name, selector = '' } = selection;
  const what = isNumber(selector) ? `version ${selector} of` : `label ${selector} for parameter`;
  const which = isNumber(selector) ? 'version' : 'label';
  throw new Fault(
    'ParameterVersionNotFound',
    `Systems Manager could not find ${what} ${name}. Verify the ${which} and try again.`,
  );
}

function findVersion(parameter: Parameter, { selector }: Selection): ParameterVersion | undefined {
  if (selector === undefined) return newestOf(parameter);
  return parameter.versions.find(({ version, labels }) =>
    isNumber(selector) ? version === Number(selector) : labels.includes(selector),
  );
}

const isNumber = (text: string) => /^\d+$/.test(text);

function described(
  state: State,
  parameter: Parameter,
  version: ParameterVersion,
  { WithDecryption }: { WithDecryption?: boolean | undefined },
  { selector }: Selection,
) {
  return {
    Name: parameter.name,
    Type: version.type,
    Value: shownValue(version, WithDecryption === true),
    Version: version.version,
    ...(selector === undefined ? {} : { Selector: `:${selector}` }),
    LastModifiedDate: new Date(version.modifiedAt),
    ARN: state.arnOf(parameter.name),
    DataType: version.dataType,
  };
}

function inHistory(
  { name }: Parameter,
  version: ParameterVersion,
  { WithDecryption }: { WithDecryption?: boolean | undefined },
) {
  const { description, keyId, allowedPattern } = version;
  return {
    Name: name,
    Type: version.type,
    ...(keyId === undefined ? {} : { KeyId: keyId }),
    LastModifiedDate: new Date(version.modifiedAt),
    LastModifiedUser: version.modifiedBy,
    ...(description === undefined ? {} : { Description: description }),
    Value: shownValue(version, WithDecryption === true),
    ...(allowedPattern === undefined ? {} : { AllowedPattern: allowedPattern }),
    Version: version.version,
    Labels: version.labels,
    Tier: version.tier,
    Policies: [],
    DataType: version.dataType,
  };
}

/** A secret is told in clear only when asked for; there is no key here, so what stands for its cipher is a digest. */
function shownValue({ type, value, version }: ParameterVersion, isDecrypted: boolean): string {
  if (type !== 'SecureString' || isDecrypted) return value;
  return createHash('sha256').update(`${version}:${value}`).digest('base64');
}

const mark = 'after:';
const tokenFor = (version: number) => Buffer.from(`${mark}${version}`).toString('base64url');

function versionIn(token: string): number {
  const text = Buffer.from(token, 'base64url').toString();
  const version = text.startsWith(mark) ? Number(text.slice(mark.length)) : Number.NaN;
  if (Number.isNaN(version)) throw new Fault('InvalidNextToken', 'The specified token is not valid.');
  return version;
}
