import { wantedTasks } from './placeable.ts';
import { usualStrategy } from './placement.ts';
import type { Batch } from './placer.ts';
import type { Launch, Service } from './service-records.ts';
import type { State } from './state.ts';
import { taskTags } from './tags.ts';

/** What the tasks of a service are started with. */
export function orderOf(service: Service, launch: Launch) {
  const { definition } = launch;
  return {
    definition,
    reservation: definition.reservation,
    createdBy: service.createdBy,
    group: `service:${service.serviceName}`,
    startedBy: launch.id,
    serviceArn: service.serviceArn,
    targetGroupArns: launch.loadBalancers.map(({ targetGroupArn }) => targetGroupArn),
    enableExecuteCommand: service.enableExecuteCommand,
    tags: taskTags(service, definition, [], {
      serviceTags: service.tags,
      serviceName: service.serviceName,
    }),
  };
}

/** How and where the tasks of a service are placed, however many. */
export function batchOf(state: State, service: Service, launch: Launch): Omit<Batch, 'count'> {
  const siblings = wantedTasks(state, service);
  const strategy = service.placementStrategy.length > 0 ? service.placementStrategy : usualStrategy;
  const isRandom = strategy.some(({ type }) => type === 'random');
  return {
    clusterArn: service.clusterArn,
    order: orderOf(service, launch),
    infrastructure: launch,
    strategy,
    constraints: service.placementConstraints,
    siblings,
    sharers: siblings.filter(({ startedBy }) => startedBy === launch.id),
    // Among equals the one registered first, unless the strategy asks for chance.
    pick: (count) => (isRandom ? Number.parseInt(state.ids.hex(8), 16) % count : 0),
  };
}
