import { readFileSync } from 'node:fs';
import { checkPolicy, type PolicyDocument, trustAllows } from '../../simulator/cloud/iam/iam.ts';
import { loadTemplate, type Stack, type StackResource } from '../../simulator/cloud/template/template.ts';
import { compileWith, templatePath } from './package.ts';

/** A resource as a compiled template spells it. */
export interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly DependsOn?: string | readonly string[];
  readonly Condition?: string;
}

/** A compiled CloudFormation template, intrinsics and all. */
export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Parameters?: Readonly<Record<string, unknown>>;
  readonly Conditions?: Readonly<Record<string, unknown>>;
  readonly Outputs?: Readonly<Record<string, unknown>>;
}

/** The template of the packaged service. */
export function compiledTemplate(): Template {
  return JSON.parse(readFileSync(templatePath, 'utf8')) as Template;
}

/** The stack as it stands once deployed into the account and Region of the sample events. */
export function deployed(
  template: Template = compiledTemplate(),
  parameters: Readonly<Record<string, string>> = {},
): Stack {
  const place = { region: 'us-east-1', accountId: '111122223333', stackName: 'ecs-steward' };
  return loadTemplate(template, { ...place, parameters });
}

/** The stack as it stands once deployed with other options than the defaults, such as `--param=clusters=web`. */
export function deployedWith(...options: string[]): Stack {
  return deployed(JSON.parse(compileWith(...options)) as Template);
}

/** A resource of the stack by logical id. Throws when there is none. */
export function resource(stack: Stack, logicalId: string): StackResource {
  const found = stack.resources.get(logicalId);
  if (!found) throw new Error(`The stack has no resource ${logicalId}`);
  return found;
}

/** All resources of one type, in the order of the template. */
export function resourcesOf(stack: Stack, type: string): StackResource[] {
  return [...stack.resources.values()].filter((candidate) => candidate.type === type);
}

/** What a role of the stack may do: its inline policies. Throws when it has others, which these tests do not read. */
export function policiesOf(stack: Stack, logicalId: string): PolicyDocument[] {
  const { ManagedPolicyArns, Policies } = resource(stack, logicalId).properties;
  if (ManagedPolicyArns !== undefined || resourcesOf(stack, 'AWS::IAM::Policy').length > 0)
    throw new Error(`${logicalId}: expected inline policies only`);
  return (Policies as { PolicyDocument: unknown }[]).map(({ PolicyDocument }) =>
    checkPolicy(PolicyDocument, 'identity'),
  );
}

/** Whether a service may assume a role of the stack. */
export const trusts = ({ properties, arn }: StackResource, service: string) =>
  trustAllows(checkPolicy(properties.AssumeRolePolicyDocument, 'trust'), arn, service);
