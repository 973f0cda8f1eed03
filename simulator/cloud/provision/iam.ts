import { Fault } from '../../machine.ts';
import { checkPolicy, type PolicyDocument } from '../iam/iam.ts';
import type { Roles } from '../iam/roles.ts';
import type { StackResource } from '../template/template.ts';
import { alreadyExists, type Provision, propertiesOf, unlessGone } from './provision.ts';

const gone = 'NoSuchEntity';

interface PolicyProperties {
  readonly PolicyName: string;
  readonly PolicyDocument: unknown;
}

interface RoleProperties {
  readonly AssumeRolePolicyDocument: unknown;
  readonly ManagedPolicyArns: readonly string[];
  readonly Policies: readonly PolicyProperties[];
}

/** AWS::IAM::Role */
export const role: Provision = {
  create(resource, { roles }) {
    const { trust, policies } = roleOf(resource);
    if (roles.has(resource.physicalId)) throw alreadyExists(resource);
    roles.create({ name: resource.physicalId, arn: resource.arn, trust });
    for (const [name, document] of policies) roles.putPolicy(resource.physicalId, name, document);
  },
  update(resource, before, { roles }) {
    const { trust, policies } = roleOf(resource);
    const { physicalId: name } = resource;
    roles.setTrust(name, trust);
    for (const other of roleOf(before).policies.keys())
      if (!policies.has(other)) unlessGone(() => roles.deletePolicy(name, other), gone);
    for (const [policyName, document] of policies) roles.putPolicy(name, policyName, document);
  },
  /** With the policies that came with it; another one, put there by somebody else, keeps it. */
  delete(resource, { roles }) {
    const { physicalId: name } = resource;
    for (const policyName of roleOf(resource).policies.keys())
      unlessGone(() => roles.deletePolicy(name, policyName), gone);
    unlessGone(() => roles.delete(name), gone);
  },
};

/** What a managed policy allows is in no template. */
function roleOf(resource: StackResource) {
  const {
    AssumeRolePolicyDocument,
    ManagedPolicyArns = [],
    Policies = [],
  } = propertiesOf<RoleProperties>(resource);
  if (ManagedPolicyArns.length > 0)
    throw new Fault(
      'ValidationError',
      `ManagedPolicyArns: expected inline policies only, got ${ManagedPolicyArns.join(', ')}`,
    );
  const policies = new Map(
    Policies.map(({ PolicyName, PolicyDocument }) => [PolicyName, checkPolicy(PolicyDocument, 'identity')]),
  );
  return { trust: checkPolicy(AssumeRolePolicyDocument, 'trust'), policies };
}

/** AWS::IAM::Policy: an inline policy of each role that it names. */
export const policy: Provision = {
  create(resource, { roles }) {
    const { name, document, roleNames } = policyOf(resource);
    for (const roleName of roleNames) checkRole(roleName, roles);
    for (const roleName of roleNames) roles.putPolicy(roleName, name, document);
  },
  update(resource, before, site) {
    const now = policyOf(resource);
    for (const roleName of now.roleNames) checkRole(roleName, site.roles);
    const { name, roleNames } = policyOf(before);
    for (const roleName of roleNames)
      if (name !== now.name || !now.roleNames.includes(roleName))
        unlessGone(() => site.roles.deletePolicy(roleName, name), gone);
    policy.create(resource, site);
  },
  delete(resource, { roles }) {
    const { name, roleNames } = policyOf(resource);
    for (const roleName of roleNames) unlessGone(() => roles.deletePolicy(roleName, name), gone);
  },
};

function policyOf(resource: StackResource): {
  name: string;
  document: PolicyDocument;
  roleNames: readonly string[];
} {
  const {
    PolicyName = '',
    PolicyDocument,
    Roles = [],
  } = propertiesOf<PolicyProperties & { Roles: readonly string[] }>(resource);
  return { name: PolicyName, document: checkPolicy(PolicyDocument, 'identity'), roleNames: Roles };
}

function checkRole(name: string, roles: Roles): void {
  if (!roles.has(name)) throw new Fault(gone, `The role with name ${name} cannot be found.`, 404);
}
