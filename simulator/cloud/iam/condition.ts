/** What is known of a request, by condition key. Keys are compared without regard to case. */
export type ConditionContext = Readonly<Record<string, string>>;

/** A compiled `Condition` block. */
export type Condition = (context: ReadonlyMap<string, string>) => boolean;

/** Makes the error for a place in a policy, what was expected there and what stands there. */
export type Refuse = (where: string, expected: string, got: unknown) => Error;

/** Compares the value a request has with one value of the policy. */
type Comparison = (actual: string, wanted: string) => boolean;

const equal: Comparison = (actual, wanted) => actual === wanted;
const equalIgnoringCase: Comparison = (actual, wanted) => actual.toLowerCase() === wanted.toLowerCase();
const like: Comparison = (actual, wanted) => glob(wanted).test(actual);

/** ARNs are compared component by component, so that a wildcard never reaches across the first five colons. */
const arnLike: Comparison = (actual, wanted) => {
  const actualParts = arnParts(actual);
  const wantedParts = arnParts(wanted);
  if (actualParts.length !== 6 || wantedParts.length !== 6) return false;
  return wantedParts.every((part, index) => glob(part).test(actualParts[index] as string));
};

const numeric =
  (holds: (actual: number, wanted: number) => boolean): Comparison =>
  (actual, wanted) =>
    actual.trim() !== '' && wanted.trim() !== '' && holds(Number(actual), Number(wanted));

/** Operators, and whether they are negated: then none of the values may match, and a missing key is a match. */
const operators: Readonly<Record<string, { readonly compare: Comparison; readonly negated: boolean }>> = {
  StringEquals: { compare: equal, negated: false },
  StringNotEquals: { compare: equal, negated: true },
  StringEqualsIgnoreCase: { compare: equalIgnoringCase, negated: false },
  StringNotEqualsIgnoreCase: { compare: equalIgnoringCase, negated: true },
  StringLike: { compare: like, negated: false },
  StringNotLike: { compare: like, negated: true },
  ArnEquals: { compare: arnLike, negated: false },
  ArnNotEquals: { compare: arnLike, negated: true },
  ArnLike: { compare: arnLike, negated: false },
  ArnNotLike: { compare: arnLike, negated: true },
  Bool: { compare: equalIgnoringCase, negated: false },
  NumericEquals: { compare: numeric((actual, wanted) => actual === wanted), negated: false },
  NumericNotEquals: { compare: numeric((actual, wanted) => actual === wanted), negated: true },
  NumericLessThan: { compare: numeric((actual, wanted) => actual < wanted), negated: false },
  NumericLessThanEquals: { compare: numeric((actual, wanted) => actual <= wanted), negated: false },
  NumericGreaterThan: { compare: numeric((actual, wanted) => actual > wanted), negated: false },
  NumericGreaterThanEquals: { compare: numeric((actual, wanted) => actual >= wanted), negated: false },
};

const globs = new Map<string, RegExp>();

/** A pattern of IAM as a regular expression: `*` any characters, `?` one character. Text is compared with its case. */
export function glob(pattern: string): RegExp {
  const known = globs.get(pattern);
  if (known) return known;
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const made = new RegExp(`^${source}$`, 's');
  globs.set(pattern, made);
  return made;
}

function arnParts(arn: string): string[] {
  const parts = arn.split(':');
  return parts.length < 6 ? parts : [...parts.slice(0, 5), parts.slice(5).join(':')];
}

/**
 * Compiles the `Condition` block of a statement. Every operator and every key must hold; of several values one.
 * `refuse` makes the error for an operator that does not exist, or a value of the wrong type.
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 */
export function compileCondition(block: unknown, where: string, refuse: Refuse): Condition {
  const tests: Condition[] = [];
  for (const [operator, keys] of entriesOf(block, where, refuse))
    for (const [key, wanted] of entriesOf(keys, `${where}.${operator}`, refuse)) {
      const here = `${where}.${operator}.${key}`;
      const values = [wanted].flat().map((value: unknown) => textOf(value, here, refuse));
      if (values.length === 0) throw refuse(here, 'at least one value', wanted);
      tests.push(testOf(operator, key.toLowerCase(), values, `${where}.${operator}`, refuse));
    }
  return (context) => tests.every((test) => test(context));
}

function entriesOf(block: unknown, where: string, refuse: Refuse): [string, unknown][] {
  if (typeof block !== 'object' || block === null || Array.isArray(block))
    throw refuse(where, 'an object', block);
  return Object.entries(block);
}

function textOf(value: unknown, where: string, refuse: Refuse): string {
  if (typeof value === 'boolean' || typeof value === 'number') return String(value);
  if (typeof value !== 'string') throw refuse(where, 'a string, a number or a boolean', value);
  if (value.includes('${')) throw refuse(where, 'a value without policy variables', value);
  return value;
}

/** Contexts here have one value a key: `ForAnyValue:` and `ForAllValues:` differ only in what a missing key means. */
function testOf(
  operator: string,
  key: string,
  values: readonly string[],
  where: string,
  refuse: Refuse,
): Condition {
  if (operator === 'Null') {
    if (!values.every((value) => value === 'true' || value === 'false'))
      throw refuse(where, 'true or false', values);
    return (context) => values.includes(context.has(key) ? 'false' : 'true');
  }
  const set = /^For(AnyValue|AllValues):/.exec(operator)?.[1];
  const ifExists = operator.endsWith('IfExists');
  const name = operator.replace(/^For(AnyValue|AllValues):/, '').replace(/IfExists$/, '');
  const known = Object.hasOwn(operators, name) ? operators[name] : undefined;
  if (!known) throw refuse(where, `an operator (${Object.keys(operators).join(', ')}, Null)`, operator);
  const { compare, negated } = known;
  const whenMissing = ifExists || set === 'AllValues' || (negated && set === undefined);
  return (context) => {
    const actual = context.get(key);
    if (actual === undefined) return whenMissing;
    return values.some((wanted) => compare(actual, wanted)) !== negated;
  };
}
