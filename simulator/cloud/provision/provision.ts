import { type Caller, Fault } from '../../machine.ts';
import type { Ssm } from '../../ssm/ssm.ts';
import type { World } from '../../world.ts';
import type { Bus } from '../events/bus.ts';
import type { Roles } from '../iam/roles.ts';
import type { Lambda } from '../lambda/lambda.ts';
import type { Mappings } from '../lambda/mapping.ts';
import type { CodeOf } from '../lambda/package.ts';
import type { Runtime } from '../lambda/sandbox.ts';
import type { Buckets } from '../s3/buckets.ts';
import type { Sqs } from '../sqs/sqs.ts';
import type { StackResource } from '../template/template.ts';

/** Where resources are created. */
export interface Site {
  readonly world: World;
  readonly roles: Roles;
  readonly sqs: Sqs;
  readonly bus: Bus;
  readonly lambda: Lambda;
  readonly mappings: Mappings;
  readonly s3: Buckets;
  readonly ssm: Ssm;
  /** In whose name resources are created. */
  readonly caller: Caller;
  /** Resources that do nothing here, by type and physical id. */
  readonly inert: Map<string, StackResource>;
  /** Finds the code of packages; absent: nothing here can run a package. */
  readonly codeOf?: CodeOf | undefined;
  /** Finds the code of functions without their packages, which then are not looked at. */
  readonly runtime?: Runtime | undefined;
}

/**
 * How resources of one type come, change and go. Each throws Fault as the service does that refuses it, and then has
 * changed nothing. `delete` takes what is gone already.
 */
export interface Provision {
  create(resource: StackResource, site: Site): void;
  /** Only properties that do not ask for another resource differ from `before`. */
  update(resource: StackResource, before: StackResource, site: Site): void;
  delete(resource: StackResource, site: Site): void;
}

/** The properties as this type has them: the template was checked against the shapes in `resources.ts`. */
export const propertiesOf = <T extends object>({ properties }: StackResource) => properties as Partial<T>;

/** The name at the end of an ARN. */
export const nameIn = (arn: string) => arn.split(':').at(-1) ?? '';

/** The error for a resource whose name somebody else in the account has. */
export const alreadyExists = ({ type, physicalId }: StackResource) =>
  new Fault(
    'AlreadyExists',
    `Resource of type '${type}' with identifier '${physicalId}' already exists.`,
    409,
  );

/** Runs a deletion; what is gone already is none of its errors. */
export function unlessGone(run: () => void, ...codes: readonly string[]): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof Fault && codes.includes(error.code))) throw error;
  }
}
