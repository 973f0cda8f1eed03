import type { Account } from '../../simulator/account.ts';
import { isAllowed, type PolicyDocument, type PolicyStatement } from '../../simulator/cloud/iam/iam.ts';
import type { Need } from '../../simulator/machine.ts';

/** One thing that a role may do: an action of one of its statements, on one of the statement's resources. */
export interface Grant {
  /** The role's logical id. */
  readonly role: string;
  readonly sid: string;
  readonly action: string;
  readonly resource: string;
}

/** What Lambda itself does in the name of a function: its logs, and the queue of its mapping. */
const ofLambda =
  /^(logs:(CreateLogStream|PutLogEvents)|sqs:(ReceiveMessage|DeleteMessage|GetQueueAttributes))$/;

/** ARNs without the name of the cluster, as accounts may still have them: the same under another name (registrations.test.ts). */
const oldForm = '????????-????-????-????-????????????';

/** What the functions of an account needed, role by role, from the moment on at which it is watched. */
export class Needs {
  private readonly byRole = new Map<string, Map<string, Need>>();

  /** Notes every need that a service asks IAM about. Watches several accounts, one after the other. */
  watch({ endpoint }: Account): void {
    for (const [name, service] of Object.entries(endpoint.services)) {
      const needs = service.needs.bind(service);
      service.needs = (call) => {
        const found = needs(call);
        // A call that names nothing needs the action all the same.
        const whole = { action: `${name}:${call.operation}`, resource: '*', context: {} };
        const asked = found?.length === 0 ? [whole] : (found ?? []);
        for (const need of asked) this.note(call.caller.principalArn, need);
        return found;
      };
    }
  }

  /** The needs of a role by its ARN, each once. */
  of(roleArn: string): readonly Need[] {
    return [...(this.byRole.get(roleArn)?.values() ?? [])];
  }

  private note(principalArn: string, need: Need): void {
    const own = this.byRole.get(principalArn) ?? new Map<string, Need>();
    own.set(JSON.stringify(need), need);
    this.byRole.set(principalArn, own);
  }
}

/** The roles of a stack as they stand in the account: logical id, ARN, policies. */
export function rolesOf(account: Account, stackName = 'ecs-steward-local') {
  const members = account.cloudformation.stack(stackName)?.members.values() ?? [];
  return [...members].flatMap(({ resource }) =>
    resource?.type === 'AWS::IAM::Role'
      ? [
          {
            logicalId: resource.logicalId,
            arn: resource.arn,
            policies: account.roles.policiesOf(resource.arn),
          },
        ]
      : [],
  );
}

/** Everything that roles grant, one action and one resource at a time. */
export function grantsOf(roles: ReturnType<typeof rolesOf>): Grant[] {
  return roles.flatMap(({ logicalId, policies }) =>
    policies
      .flatMap(statementsIn)
      .flatMap(({ Sid = '', Action, Resource }) =>
        listOf(Action).flatMap((action) =>
          listOf(Resource).map((resource) => ({ role: logicalId, sid: Sid, action, resource })),
        ),
      ),
  );
}

/** The grants without which some need is refused are used; the others are given. What Lambda does itself is left out. */
export function unusedGrants(roles: ReturnType<typeof rolesOf>, needs: Needs): Grant[] {
  return grantsOf(roles).filter((grant) => {
    if (ofLambda.test(grant.action) || grant.resource.endsWith(oldForm)) return false;
    const role = roles.find(({ logicalId }) => logicalId === grant.role);
    if (!role) return true;
    const policies = role.policies.map((policy) => without(policy, grant));
    return needs.of(role.arn).every((need) => isAllowed(policies, need));
  });
}

/** The policy with one grant taken out of it. */
function without(policy: PolicyDocument, { sid, action, resource }: Grant): PolicyDocument {
  const Statement = statementsIn(policy).flatMap((statement) => {
    if ((statement.Sid ?? '') !== sid || !listOf(statement.Action).includes(action)) return [statement];
    const others = listOf(statement.Action).filter((one) => one !== action);
    const elsewhere = listOf(statement.Resource).filter((one) => one !== resource);
    return [
      ...(others.length > 0 ? [{ ...statement, Action: others }] : []),
      ...(elsewhere.length > 0 ? [{ ...statement, Action: [action], Resource: elsewhere }] : []),
    ];
  });
  return { ...policy, Statement };
}

const statementsIn = ({ Statement }: PolicyDocument): readonly PolicyStatement[] => [Statement].flat();
const listOf = (value: string | readonly string[] | undefined): readonly string[] => [value ?? []].flat();
