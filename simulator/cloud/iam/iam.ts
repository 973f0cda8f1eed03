import { Fault, type Need } from '../../machine.ts';
import { type Condition, type ConditionContext, compileCondition, glob } from './condition.ts';

/** A policy as it stands in a template, intrinsics resolved. */
export interface PolicyDocument {
  readonly Version?: string;
  readonly Id?: string;
  readonly Statement: PolicyStatement | readonly PolicyStatement[];
}

/** One statement of a policy. `Principal` stands in policies of resources and roles, never in those of identities. */
export interface PolicyStatement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?: '*' | Readonly<Record<string, string | readonly string[]>>;
  readonly Action?: string | readonly string[];
  readonly NotAction?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly NotResource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** What a policy is attached to; each kind has other elements. */
export type PolicyKind = 'identity' | 'resource' | 'trust';

/** A request to a resource that has a policy of its own. */
export interface ResourceRequest {
  readonly principalService?: string;
  readonly principalArn?: string;
  readonly action: string;
  readonly resource: string;
  readonly context: ConditionContext;
}

interface Rule {
  readonly denies: boolean;
  readonly isFor: (request: ResourceRequest) => boolean;
  readonly concerns: (action: string) => boolean;
  readonly covers: (resource: string) => boolean;
  readonly holds: Condition;
}

const compiled = new WeakMap<object, Partial<Record<PolicyKind, readonly Rule[]>>>();

/** Whether the policies of an identity allow what a call needs: one statement allows it and none denies it. */
export function isAllowed(policies: readonly PolicyDocument[], need: Need): boolean {
  return decide(
    policies.flatMap((policy) => rulesOf(policy, 'identity')),
    need,
  );
}

/** Whether the policy of a resource (a queue, a bucket) lets this principal do this. */
export function resourcePolicyAllows(policy: PolicyDocument, request: ResourceRequest): boolean {
  return decide(rulesOf(policy, 'resource'), request);
}

/** Whether a role with this trust policy lets a service such as `lambda.amazonaws.com` assume it. */
export function trustAllows(trust: PolicyDocument, roleArn: string, service: string): boolean {
  const request = { principalService: service, action: 'sts:AssumeRole', resource: roleArn, context: {} };
  return decide(rulesOf(trust, 'trust'), request);
}

/**
 * Takes an unknown value as a policy document. Throws `MalformedPolicyDocument` naming the element and what was
 * expected there: an unknown element, operator or principal type is never passed over.
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
export function checkPolicy(document: unknown, kind: PolicyKind): PolicyDocument {
  if (!isPolicyDocument(document)) throw refuse('$', 'an object with Statement', document);
  rulesOf(document, kind);
  return document;
}

/** The statements themselves are looked at when they are compiled. */
function isPolicyDocument(value: unknown): value is PolicyDocument {
  return typeof value === 'object' && value !== null && 'Statement' in value;
}

function decide(rules: readonly Rule[], request: ResourceRequest): boolean {
  const context = new Map(Object.entries(request.context).map(([key, value]) => [key.toLowerCase(), value]));
  const matching = rules.filter(
    (rule) =>
      rule.concerns(request.action) &&
      rule.isFor(request) &&
      rule.covers(request.resource) &&
      rule.holds(context),
  );
  return matching.length > 0 && !matching.some((rule) => rule.denies);
}

function rulesOf(policy: PolicyDocument, kind: PolicyKind): readonly Rule[] {
  const known = compiled.get(policy) ?? {};
  const rules = known[kind] ?? compilePolicy(policy, kind);
  compiled.set(policy, { ...known, [kind]: rules });
  return rules;
}

function compilePolicy(policy: PolicyDocument, kind: PolicyKind): Rule[] {
  for (const key of Object.keys(policy))
    if (!['Version', 'Id', 'Statement'].includes(key)) throw refuse(key, 'Version, Id or Statement', key);
  if (policy.Version !== undefined && !['2012-10-17', '2008-10-17'].includes(policy.Version))
    throw refuse('Version', '2012-10-17 or 2008-10-17', policy.Version);
  const statements = [policy.Statement].flat();
  return statements.map((statement, index) => compileStatement(statement, kind, `Statement[${index}]`));
}

const elements = new Set([
  'Sid',
  'Effect',
  'Principal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
]);

function compileStatement(statement: PolicyStatement, kind: PolicyKind, where: string): Rule {
  if (typeof statement !== 'object' || statement === null) throw refuse(where, 'an object', statement);
  for (const key of Object.keys(statement))
    if (!elements.has(key)) throw refuse(`${where}.${key}`, `one of ${[...elements].join(', ')}`, key);
  if (statement.Effect !== 'Allow' && statement.Effect !== 'Deny')
    throw refuse(`${where}.Effect`, 'Allow or Deny', statement.Effect);
  const actions = eitherOf(statement, 'Action', 'NotAction', where);
  if (!actions) throw refuse(where, 'Action or NotAction', statement);
  return {
    denies: statement.Effect === 'Deny',
    isFor: principalTest(statement.Principal, kind, where),
    concerns: (action) =>
      actions.values.some((pattern) => glob(pattern.toLowerCase()).test(action.toLowerCase())) !==
      actions.not,
    covers: resourceTest(statement, kind, where),
    holds: compileCondition(statement.Condition ?? {}, `${where}.Condition`, refuse),
  };
}

/** The values of an element or of its negation; undefined when neither stands there. Both together are refused. */
function eitherOf(
  statement: PolicyStatement,
  element: 'Action' | 'Resource',
  negation: 'NotAction' | 'NotResource',
  where: string,
): { values: readonly string[]; not: boolean } | undefined {
  const not = statement[negation] !== undefined;
  if (not && statement[element] !== undefined)
    throw refuse(where, `${element} or ${negation}, not both`, statement);
  const value = statement[element] ?? statement[negation];
  if (value === undefined) return undefined;
  const values = [value].flat();
  for (const text of values)
    if (typeof text !== 'string' || text.includes('${'))
      throw refuse(`${where}.${not ? negation : element}`, 'strings without policy variables', text);
  return { values, not };
}

function resourceTest(statement: PolicyStatement, kind: PolicyKind, where: string): Rule['covers'] {
  const resources = eitherOf(statement, 'Resource', 'NotResource', where);
  if (resources && kind === 'trust')
    throw refuse(where, 'no Resource in the trust policy of a role', statement);
  if (!resources && kind === 'identity') throw refuse(where, 'Resource or NotResource', statement);
  if (!resources) return () => true;
  const patterns = resources.values.map(resourcePattern);
  return (resource) => patterns.some((pattern) => pattern.test(resource)) !== resources.not;
}

/**
 * In the ARN of a resource a wildcard stays within its colon-separated segment, except that a `*` at the end of a
 * segment may reach beyond it.
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
 */
function resourcePattern(pattern: string): RegExp {
  const source = pattern.replace(/\*+|\?|[.+^${}()|[\]\\]/g, (token, at: number) => {
    if (token === '?') return '[^:]';
    if (!token.startsWith('*')) return `\\${token}`;
    return [undefined, ':'].includes(pattern[at + token.length]) ? '[^]*' : '[^:]*';
  });
  return new RegExp(`^${source}$`);
}

function principalTest(principal: unknown, kind: PolicyKind, where: string): Rule['isFor'] {
  const here = `${where}.Principal`;
  if (kind === 'identity') {
    if (principal !== undefined) throw refuse(here, 'no Principal in the policy of an identity', principal);
    return () => true;
  }
  if (principal === '*') return () => true;
  if (typeof principal !== 'object' || principal === null)
    throw refuse(here, '"*", AWS or Service', principal);
  const tests = Object.entries(principal).map(([type, names]) => {
    if (type === 'Service')
      return ({ principalService }: ResourceRequest) => listOf(names).includes(principalService);
    if (type === 'AWS')
      return (request: ResourceRequest) => listOf(names).some((name) => isPrincipal(name, request));
    throw refuse(`${here}.${type}`, 'AWS or Service', names);
  });
  return (request) => tests.some((test) => test(request));
}

/** An account stands for every principal of it, a `*` for everybody. */
function isPrincipal(name: unknown, { principalArn }: ResourceRequest): boolean {
  if (name === '*') return true;
  if (principalArn === undefined || typeof name !== 'string') return false;
  const account = /^(?:arn:[^:]+:iam::)?(\d{12})(?::root)?$/.exec(name)?.[1];
  return name === principalArn || (account !== undefined && principalArn.split(':')[4] === account);
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function refuse(where: string, expected: string, got: unknown): Fault {
  const shown = JSON.stringify(got) ?? String(got);
  return new Fault('MalformedPolicyDocument', `${where}: expected ${expected}, got ${shown.slice(0, 120)}`);
}
