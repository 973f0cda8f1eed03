import type { Ids } from '../chance.ts';
import { Fault } from '../machine.ts';

/** Where the account is. */
export interface Place {
  readonly region: string;
  readonly accountId: string;
}

/** The ARNs of one account's ECS resources, all in the long form (D-6.10). */
export class Arns {
  readonly region: string;
  private readonly prefix: string;

  constructor({ region, accountId }: Place) {
    this.region = region;
    this.prefix = `arn:aws:ecs:${region}:${accountId}`;
  }

  cluster(nameOrArn: string): string {
    return `${this.prefix}:cluster/${lastSegment(nameOrArn)}`;
  }

  containerInstance(clusterArn: string, idOrArn: string): string {
    return this.inCluster('container-instance', clusterArn, idOrArn);
  }

  task(clusterArn: string, idOrArn: string): string {
    return this.inCluster('task', clusterArn, idOrArn);
  }

  service(clusterArn: string, nameOrArn: string): string {
    return this.inCluster('service', clusterArn, nameOrArn);
  }

  /** `task-set/<cluster>/<service>/<id>`; the id has a slash of its own: `ecs-svc/1234567890123456789`. */
  taskSet(serviceArn: string, idOrArn: string): string {
    const [cluster, service] = serviceArn.split('/').slice(-2);
    const id = /^arn:/.test(idOrArn) ? idOrArn.split('/').slice(3).join('/') : idOrArn;
    return `${this.prefix}:task-set/${cluster}/${service}/${id}`;
  }

  capacityProvider(nameOrArn: string): string {
    return `${this.prefix}:capacity-provider/${lastSegment(nameOrArn)}`;
  }

  container(clusterArn: string, taskArn: string, ids: Ids): string {
    return `${this.inCluster('container', clusterArn, taskArn)}/${ids.uuid()}`;
  }

  /** `family:revision`, or `*` for the revision when only the family is known. */
  taskDefinition(familyOrArn: string): string {
    const name = lastSegment(familyOrArn);
    return `${this.prefix}:task-definition/${name.includes(':') ? name : `${name}:*`}`;
  }

  private inCluster(kind: string, clusterArn: string, idOrArn: string): string {
    return `${this.prefix}:${kind}/${lastSegment(clusterArn)}/${lastSegment(idOrArn)}`;
  }
}

/** The name or id in an ARN of the long or the old short form; a name or id is its own last segment (D-6.10). */
export function lastSegment(idOrArn: string): string {
  return idOrArn.slice(idOrArn.lastIndexOf('/') + 1);
}

/** The cluster a call means: `default` when it names none (D-9.10). */
export function clusterOf(input: Readonly<Record<string, unknown>>): string {
  const { cluster = 'default' } = input;
  if (typeof cluster === 'string' && cluster !== '') return lastSegment(cluster);
  throw new Fault('InvalidParameterException', 'cluster: expected a name or an ARN, got an empty string.');
}
