import { fits, type Needs, type Room } from './room.ts';
import { leewayOf, type Service } from './service.ts';
import { isServiceTask, type Task } from './task.ts';

/** An attribute that an instance must have, with this value where one is given. */
export interface Attribute {
  readonly name: string;
  readonly value: string | undefined;
}

/** An ACTIVE container instance as a place for tasks. */
export interface Site extends Room {
  readonly ec2InstanceId: string;
  readonly capacityProvider: string | undefined;
  readonly attributes: ReadonlyMap<string, string | undefined>;
}

/** What each task of a task definition asks of an instance: all of it, not "at least". */
export interface Blueprint extends Needs {
  readonly attributes: readonly Attribute[];
  /** What else it asks for, of which container instances do not show what they have left; undefined: nothing. */
  readonly unknown: string | undefined;
}

/** A task that is to find a place. */
export interface Demand extends Needs {
  readonly taskArn: string;
  readonly attributes: readonly Attribute[];
  /** Whose instances alone may take it; undefined: all may. */
  readonly capacityProvider: string | undefined;
}

/** Why it cannot be said that a task finds a place elsewhere. */
export interface Obstacle {
  readonly why: 'standalone-tasks' | 'deployment' | 'min-max' | 'not-placed' | 'unknown' | 'no-room';
  readonly taskArn: string;
  /** A sentence for whoever reads the log. */
  readonly says: string;
}

/** A task with what is known of it. */
export interface Tenant {
  readonly task: Task;
  readonly service: Service | undefined;
  /** Undefined: not read. */
  readonly blueprint: Blueprint | undefined;
}

/**
 * Why the tasks of an instance do not, or may not, all find a place on these sites; undefined: they do. `others`: tasks that
 * other instances are being drained of, which need a place as well. Whatever is not known counts as "does not fit".
 */
export function obstacleTo(
  own: readonly Tenant[],
  others: readonly Tenant[],
  sites: readonly Site[],
): Obstacle | undefined {
  for (const tenant of own) {
    const obstacle = obstacleToMove(tenant);
    if (obstacle) return obstacle;
  }
  const demands: Demand[] = [];
  for (const tenant of [...own, ...others].filter(isReplaced)) {
    const demand = demandOf(tenant);
    if ('why' in demand) return demand;
    demands.push(demand);
  }
  const left = withoutPlace(demands, sites);
  if (!left) return undefined;
  const { taskArn, cpu, memoryMib, gpus } = left;
  const says = `no place is left for a task with CPU ${cpu}, MEMORY ${memoryMib}, GPU ${gpus} on ${sites.length} other instances`;
  return { why: 'no-room', taskArn, says };
}

/** Whether another task is placed for it: daemons are everywhere already, and of a standalone task nobody starts another. */
const isReplaced = ({ task, service }: Tenant) =>
  isServiceTask(task) && service?.schedulingStrategy !== 'DAEMON';

/** Why ECS would not move a task, whatever place there is. */
function obstacleToMove({ task, service }: Tenant): Obstacle | undefined {
  const { taskArn } = task;
  if (!isServiceTask(task))
    return { why: 'standalone-tasks', taskArn, says: 'ECS moves no task that it has not started' };
  if (!service || service.schedulingStrategy === 'DAEMON') return undefined;
  const { serviceName, deployment, desiredCount, unplaced } = service;
  const isChanging = deployment?.rolloutState !== 'COMPLETED';
  if (deployment && (isChanging || service.taskDefinitionArn !== task.taskDefinitionArn))
    return { why: 'deployment', taskArn, says: `a deployment of service ${serviceName} is in progress` };
  const { least, most } = leewayOf(service);
  if (least >= desiredCount && most <= desiredCount) {
    const says = `service ${serviceName} may have neither fewer nor more than its ${desiredCount} tasks`;
    return { why: 'min-max', taskArn, says };
  }
  return unplaced && { why: 'not-placed', taskArn, says: unplaced.text };
}

function demandOf({ task, service, blueprint }: Tenant): Demand | Obstacle {
  const { taskArn } = task;
  const unknown = (what: string): Obstacle => ({ why: 'unknown', taskArn, says: `not known: ${what}` });
  if (!service) return unknown('its service');
  const { serviceName, capacityProviders } = service;
  if (!service.deployment)
    return unknown(`what starts the tasks of service ${serviceName}, which is not ECS`);
  if (service.isConstrained)
    return unknown(`which instances the constraints of service ${serviceName} allow`);
  if (capacityProviders.length > 1)
    return unknown(`which capacity provider service ${serviceName} uses for its next task`);
  if (!blueprint) return unknown('its task definition');
  if (blueprint.unknown !== undefined) return unknown(blueprint.unknown);
  const { cpu, memoryMib, gpus, ports, attributes } = blueprint;
  return { taskArn, cpu, memoryMib, gpus, ports, attributes, capacityProvider: capacityProviders[0] };
}

/**
 * A task that finds no place when all are placed together, the largest first, each on the first site that can take it;
 * undefined: all found one, so that they do fit. Perhaps another order would have found a place for the one that is left.
 */
export function withoutPlace(demands: readonly Demand[], sites: readonly Site[]): Demand | undefined {
  const free = sites.filter(({ agentConnected }) => agentConnected);
  for (const demand of largestFirst(demands, free)) {
    const index = free.findIndex((site) => takes(site, demand));
    const site = free[index];
    if (!site) return demand;
    free[index] = {
      ...site,
      cpu: site.cpu - demand.cpu,
      memoryMib: site.memoryMib - demand.memoryMib,
      gpus: site.gpus - demand.gpus,
      usedPorts: [...site.usedPorts, ...demand.ports],
    };
  }
  return undefined;
}

/** By the largest part that one takes of what the roomiest site has. */
function largestFirst(demands: readonly Demand[], sites: readonly Site[]): Demand[] {
  const most = (of: (site: Site) => number) => Math.max(1, ...sites.map(of));
  const [cpu, memoryMib] = [most((site) => site.cpu), most((site) => site.memoryMib)];
  const sizeOf = (demand: Demand) => Math.max(demand.cpu / cpu, demand.memoryMib / memoryMib);
  return demands.toSorted((a, b) => sizeOf(b) - sizeOf(a) || (a.taskArn < b.taskArn ? -1 : 1));
}

/** Whether a site has room for a task, is of its capacity provider, and has the attributes that it asks for. */
export function takes(site: Site, demand: Demand): boolean {
  const { capacityProvider, attributes } = demand;
  if (capacityProvider !== undefined && site.capacityProvider !== capacityProvider) return false;
  const hasAll = attributes.every(
    ({ name, value }) =>
      site.attributes.has(name) && (value === undefined || site.attributes.get(name) === value),
  );
  return hasAll && fits(demand, site);
}
