import { Fault } from '../../machine.ts';
import { type PolicyDocument, trustAllows } from './iam.ts';

/** A role as those see it that act in its name: what it may do is what it may do now. */
export interface Role {
  readonly arn: string;
  readonly policies: readonly PolicyDocument[];
}

/** How a role is set up. */
export interface RoleDefinition {
  readonly name: string;
  readonly arn: string;
  readonly trust: PolicyDocument;
}

interface Held extends RoleDefinition {
  /** Its inline policies, by name. */
  readonly policies: Map<string, PolicyDocument>;
}

/** The roles of the account and their inline policies. */
export class Roles {
  private readonly roles = new Map<string, Held>();

  /** Creates a role without policies. Throws Fault: `EntityAlreadyExists`. */
  create(definition: RoleDefinition): void {
    const { name } = definition;
    if (this.roles.has(name))
      throw new Fault('EntityAlreadyExists', `Role with name ${name} already exists.`, 409);
    this.roles.set(name, { ...definition, policies: new Map() });
  }

  /** Sets who may assume the role. Throws Fault: `NoSuchEntity`. */
  setTrust(name: string, trust: PolicyDocument): void {
    this.roles.set(name, { ...this.find(name), trust });
  }

  /** Deletes a role. Throws Fault: `NoSuchEntity`, or `DeleteConflict` while it has a policy. */
  delete(name: string): void {
    if (this.find(name).policies.size > 0)
      throw new Fault('DeleteConflict', 'Cannot delete entity, must delete policies first.', 409);
    this.roles.delete(name);
  }

  /** Writes an inline policy of a role, over one of the same name. Throws Fault: `NoSuchEntity`. */
  putPolicy(roleName: string, policyName: string, document: PolicyDocument): void {
    this.find(roleName).policies.set(policyName, document);
  }

  /** Deletes an inline policy of a role. Throws Fault: `NoSuchEntity`. */
  deletePolicy(roleName: string, policyName: string): void {
    if (!this.find(roleName).policies.delete(policyName))
      throw new Fault('NoSuchEntity', `The role policy with name ${policyName} cannot be found.`, 404);
  }

  /** Whether there is a role of this name. */
  has(name: string): boolean {
    return this.roles.has(name);
  }

  /** The role of this ARN, as long as it lives and whatever becomes of it; undefined when there is none now. */
  role(arn: string): Role | undefined {
    if (!this.byArn(arn)) return undefined;
    const policies = () => this.policiesOf(arn);
    return {
      arn,
      get policies() {
        return policies();
      },
    };
  }

  /** What the role of this ARN may do: nothing where there is none. */
  policiesOf(arn: string): readonly PolicyDocument[] {
    return [...(this.byArn(arn)?.policies.values() ?? [])];
  }

  /** Whether the role of this ARN lets a service such as `lambda.amazonaws.com` assume it. */
  trusts(arn: string, service: string): boolean {
    const role = this.byArn(arn);
    return role !== undefined && trustAllows(role.trust, arn, service);
  }

  private byArn(arn: string): Held | undefined {
    const role = this.roles.get(arn.split('/').at(-1) ?? '');
    return role?.arn === arn ? role : undefined;
  }

  private find(name: string): Held {
    const role = this.roles.get(name);
    if (!role) throw new Fault('NoSuchEntity', `The role with name ${name} cannot be found.`, 404);
    return role;
  }
}
