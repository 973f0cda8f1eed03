import { ParameterTier, ParameterType, type PutParameterRequest } from '@aws-sdk/client-ssm';
import { Fault } from '../machine.ts';
import { checkName } from './names.ts';
import type { Context, Operations } from './operation.ts';
import { newestOf, type Parameter, type ParameterVersion, type State, type Tier } from './state.ts';
import { checkEnum, checkLength, validationException } from './validation.ts';

/** The longest value of each tier (characters), and how many parameters an account may have in each. */
const tiers = {
  Standard: { value: 4096, count: 10_000 },
  Advanced: { value: 8192, count: 100_000 },
} as const;
const versionsMax = 100;
const tagsMax = 50;
const dataTypes = ['text', 'aws:ec2:image', 'aws:ssm:integration'];

/** PutParameter: creates a parameter, or gives it another version. */
export const putOperations: Operations = {
  PutParameter: (context, input: PutParameterRequest) => {
    const { state, now } = context;
    const name = (input.Name ?? '').trim();
    checkMembers(input);
    checkName(state, name);
    const existing = state.parameters.get(name);
    if (existing && input.Overwrite !== true)
      throw new Fault(
        'ParameterAlreadyExists',
        'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
      );
    const version = newVersion(context, input, existing);
    const tags = Object.fromEntries((input.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));
    if (!existing) refuseMany(state, version.tier);
    state.parameters.set(now, name, {
      name,
      tags: existing?.tags ?? tags,
      versions: [...kept(existing), version],
    });
    return { Version: version.version, Tier: version.tier };
  },
};

function checkMembers(input: PutParameterRequest): void {
  checkLength('description', input.Description, 0, 1024);
  checkLength('value', input.Value, 1, Number.MAX_SAFE_INTEGER);
  checkEnum('type', input.Type, Object.values(ParameterType));
  checkLength('keyId', input.KeyId, 1, 256);
  checkLength('allowedPattern', input.AllowedPattern, 0, 1024);
  checkEnum('tier', input.Tier, Object.values(ParameterTier));
  checkLength('dataType', input.DataType, 0, 128);
  if (input.Tags && input.Overwrite === true)
    throw validationException(
      "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.",
    );
  if ((input.Tags?.length ?? 0) > tagsMax)
    throw validationException(`tags: a parameter can have at most ${tagsMax} tags.`);
  for (const { Key, Value } of input.Tags ?? []) {
    checkLength('tags.member.key', Key, 1, 128);
    checkLength('tags.member.value', Value, 0, 256);
  }
  if (input.DataType !== undefined && !dataTypes.includes(input.DataType))
    throw validationException(
      `The following data type is not supported: ${input.DataType} (Data type names are all lowercase.)`,
    );
  if (input.Policies !== undefined)
    throw validationException('Policies: the local AWS has no parameter policies; leave the member out.');
}

function newVersion(
  { now, principalArn }: Context,
  input: PutParameterRequest,
  existing: Parameter | undefined,
): ParameterVersion {
  const before = existing && newestOf(existing);
  const type = typeOf(input, before);
  const value = input.Value ?? '';
  const tier = tierOf(input, before);
  if (value.length > tiers[tier].value) throw tooLong(tier);
  const allowedPattern = input.AllowedPattern ?? before?.allowedPattern;
  checkPattern(value, allowedPattern);
  return {
    version: (before?.version ?? 0) + 1,
    value,
    type,
    tier,
    dataType: input.DataType ?? before?.dataType ?? 'text',
    description: input.Description ?? before?.description,
    keyId: type === 'SecureString' ? (input.KeyId ?? before?.keyId ?? 'alias/aws/ssm') : undefined,
    allowedPattern,
    labels: [],
    modifiedAt: now,
    modifiedBy: principalArn,
  };
}

/** A new parameter says its type; a parameter keeps whether it is a secret. */
function typeOf({ Type, KeyId }: PutParameterRequest, before: ParameterVersion | undefined): ParameterType {
  const type = Type ?? before?.type;
  if (type === undefined)
    throw validationException('A parameter type is required when you create a parameter.');
  if (before && (type === 'SecureString') !== (before.type === 'SecureString'))
    throw new Fault(
      'HierarchyTypeMismatchException',
      `The parameter is of the type ${before.type} and cannot be changed to ${type}.`,
    );
  if (KeyId !== undefined && type !== 'SecureString')
    throw validationException('KeyId is required for SecureString type parameter only.');
  return type;
}

/** Intelligent-Tiering takes the tier that the value needs; nothing goes back from Advanced. */
function tierOf({ Tier, Value = '' }: PutParameterRequest, before: ParameterVersion | undefined): Tier {
  if (Tier === 'Standard' && before?.tier === 'Advanced')
    throw validationException(
      "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier.",
    );
  if (Tier === 'Advanced' || before?.tier === 'Advanced') return 'Advanced';
  return Tier === 'Intelligent-Tiering' && Value.length > tiers.Standard.value ? 'Advanced' : 'Standard';
}

function tooLong(tier: Tier): Fault {
  const way =
    tier === 'Standard'
      ? ' To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html'
      : '';
  return validationException(
    `${tier} tier parameters support a maximum parameter value of ${tiers[tier].value} characters.${way}`,
  );
}

function checkPattern(value: string, pattern: string | undefined): void {
  if (pattern === undefined || pattern === '') return;
  let expression: RegExp;
  try {
    expression = new RegExp(pattern);
  } catch (cause) {
    throw Object.assign(
      new Fault('InvalidAllowedPatternException', `The regular expression ${pattern} is not valid.`),
      { cause },
    );
  }
  if (!expression.test(value))
    throw new Fault(
      'ParameterPatternMismatchException',
      `Parameter value, cannot be validated against allowedPattern: ${pattern}`,
    );
}

/** The versions that stay when another one comes: the oldest of a hundred goes, unless a label holds it. */
function kept(existing: Parameter | undefined): readonly ParameterVersion[] {
  const versions = existing?.versions ?? [];
  if (versions.length < versionsMax) return versions;
  const [oldest, ...others] = versions;
  if (oldest && oldest.labels.length > 0)
    throw new Fault(
      'ParameterMaxVersionLimitExceeded',
      `You attempted to create a new version of ${existing?.name} by calling the PutParameter API with the overwrite flag. Version ${oldest.version}, the oldest version, can't be deleted because it has a label associated with it. Move the label to another version of the parameter, and try again.`,
    );
  return others;
}

function refuseMany(state: State, tier: Tier): void {
  const count = state.parameters.values().filter((one) => newestOf(one).tier === tier).length;
  if (count >= tiers[tier].count)
    throw new Fault(
      'ParameterLimitExceeded',
      `You have reached the maximum of ${tiers[tier].count} ${tier.toLowerCase()} parameters.`,
    );
}
