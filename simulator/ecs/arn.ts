import type { Ids } from '../chance.ts';
import { Fault } from '../machine.ts';

/** Where the account is. */
export interface Place {
  readonly region: string;
  readonly accountId: string;
}

/** Ids of the old format are UUIDs with dashes, those of the new one 32 hexadecimal digits (D-6.10, D-9.67). */
const oldId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const isArn = (given: string) => given.startsWith('arn:');

const invalid = (message: string) => new Fault('InvalidParameterException', message);

/**
 * The ARNs of one account's ECS resources. Tasks and container instances whose id is of the old format have the short
 * form without the cluster (D-9.2, D-9.56); everything else the long one (D-6.10).
 */
export class Arns {
  readonly region: string;
  readonly accountId: string;
  private readonly prefix: string;

  constructor({ region, accountId }: Place) {
    this.region = region;
    this.accountId = accountId;
    this.prefix = `arn:aws:ecs:${region}:${accountId}`;
  }

  /** An ARN of another account or Region stays what it is, and names nothing here. */
  cluster(nameOrArn: string): string {
    return isArn(nameOrArn) ? nameOrArn : `${this.prefix}:cluster/${nameOrArn}`;
  }

  containerInstance(clusterArn: string, idOrArn: string): string {
    return withId('instanceId', this.inCluster('container-instance', clusterArn, idOrArn));
  }

  newContainerInstance(clusterArn: string, ids: Ids, isLong: boolean): string {
    return this.containerInstance(clusterArn, isLong ? ids.hex(32) : ids.uuid());
  }

  task(clusterArn: string, idOrArn: string): string {
    return withId('taskId', this.inCluster('task', clusterArn, idOrArn));
  }

  newTask(clusterArn: string, ids: Ids, isLong: boolean): string {
    return this.task(clusterArn, isLong ? ids.hex(32) : ids.uuid());
  }

  service(clusterArn: string, nameOrArn: string): string {
    return this.inCluster('service', clusterArn, nameOrArn);
  }

  /** The ARN that a service without the long form shows; two clusters may have services with the same one. */
  shortService(name: string): string {
    return `${this.prefix}:service/${name}`;
  }

  /** `task-set/<cluster>/<service>/<id>`; the id has a slash of its own: `ecs-svc/1234567890123456789`. */
  taskSet(serviceArn: string, idOrArn: string): string {
    const [cluster, service] = serviceArn.split('/').slice(-2);
    const id = isArn(idOrArn) ? idOrArn.split('/').slice(3).join('/') : idOrArn;
    return `${this.prefix}:task-set/${cluster}/${service}/${id}`;
  }

  capacityProvider(nameOrArn: string): string {
    return `${this.prefix}:capacity-provider/${this.nameOf('capacity-provider', nameOrArn)}`;
  }

  container(clusterArn: string, taskArn: string, ids: Ids): string {
    const path = isShort(taskArn) ? '' : `${lastSegment(clusterArn)}/${lastSegment(taskArn)}/`;
    return `${this.prefix}:container/${path}${ids.uuid()}`;
  }

  attachment(id: string): string {
    return `${this.prefix}:attachment/${id}`;
  }

  /** `family:revision`, or `*` for the revision when only the family is known. */
  taskDefinition(familyOrArn: string): string {
    const name = this.nameOf('task-definition', familyOrArn);
    return `${this.prefix}:task-definition/${name.includes(':') ? name : `${name}:*`}`;
  }

  /** The name in an ARN of that kind; a name is its own. Throws on an ARN of another kind or place (D-13.40). */
  nameOf(kind: string, nameOrArn: string): string {
    const path = nameOrArn.startsWith('arn:') ? this.ownPath(kind, nameOrArn) : nameOrArn.split('/');
    const [name = '', ...more] = path;
    if (more.length > 0) throw invalid('Invalid identifier: Unexpected number of separators');
    return name;
  }

  /** Kind and path of an ARN of this account and Region; undefined for anything else. */
  parts(arn: string): { readonly kind: string; readonly path: readonly string[] } | undefined {
    const rest = arn.startsWith(`${this.prefix}:`) ? arn.slice(this.prefix.length + 1) : '';
    const [kind = '', ...path] = rest.split('/');
    return /^[a-z-]+$/.test(kind) && path.length > 0 && !path.includes('') ? { kind, path } : undefined;
  }

  /** The ARN that an id or ARN means, whatever the length of the id. Throws for one of another kind, place or cluster. */
  inCluster(kind: string, clusterArn: string, idOrArn: string): string {
    const id = isArn(idOrArn) ? this.idIn(kind, clusterArn, idOrArn) : idOrArn;
    if (id.includes('/')) throw invalid('Invalid identifier: Unexpected number of separators');
    const isOld = kind !== 'service' && oldId.test(id);
    return `${this.prefix}:${kind}/${isOld ? '' : `${lastSegment(clusterArn)}/`}${id}`;
  }

  /** The id in an ARN of the long or the short form. Throws when it is of another kind, place or cluster (D-13.40). */
  private idIn(kind: string, clusterArn: string, arn: string): string {
    const path = this.ownPath(kind, arn);
    const [first = '', id = first, ...more] = path;
    if (more.length > 0) throw invalid('Invalid identifier: Unexpected number of separators');
    const own = lastSegment(clusterArn);
    if (path.length === 2 && first !== own)
      throw invalid(`Invalid identifier: Identifier is for cluster ${first}. Your cluster is ${own}`);
    return id;
  }

  private ownPath(kind: string, arn: string): readonly string[] {
    const found = this.parts(arn);
    if (found?.kind === kind) return found.path;
    throw invalid(`Invalid identifier: expected an ARN like ${this.prefix}:${kind}/..., got ${arn}`);
  }
}

/** Throws when the id in an ARN is of neither format (D-13.46). */
function withId(name: string, arn: string): string {
  const { length } = lastSegment(arn);
  if (length === 32 || length === 36) return arn;
  throw invalid(`${name} length should be one of [32,36]`);
}

/** Whether an ARN is of the short form, which cannot be tagged (D-9.56). */
export const isShort = (arn: string): boolean => arn.split('/').length === 2;

/** The name or id in an ARN of the long or the old short form; a name or id is its own last segment (D-6.10). */
export function lastSegment(idOrArn: string): string {
  return idOrArn.slice(idOrArn.lastIndexOf('/') + 1);
}

const clusterName = /^[a-zA-Z0-9\-_]{1,255}$/;

/** The cluster a call means, by name or ARN: `default` when it names none (D-9.10). Throws when it can be neither. */
export function clusterOf(input: Readonly<Record<string, unknown>>): string {
  return clusterNamed(input.cluster ?? 'default');
}

/** A cluster's name or ARN, checked in AWS's words (D-13.41). */
export function clusterNamed(nameOrArn: unknown): string {
  const given = String(nameOrArn);
  const isArn = /^arn:[a-z-]+:ecs:[a-z0-9-]+:\d{12}:cluster\//.test(given);
  if (clusterName.test(isArn ? lastSegment(given) : given)) return given;
  throw invalid(`Cluster must match ${clusterName.source}, but was ${given}`);
}
