import type { Launch, Service } from './service-records.ts';
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
