import type { Findings } from '../../lib/blockers.ts';
import type { Service } from '../../lib/service.ts';
import { registration, task } from './fixtures.ts';

/** The replica service `web`, as it is to be. */
export const service = (overrides: Partial<Service> = {}): Service => ({
  serviceName: 'web',
  isLoadBalanced: false,
  schedulingStrategy: 'REPLICA',
  taskDefinitionArn: task().taskDefinitionArn,
  desiredCount: 4,
  runningCount: 4,
  pendingCount: 0,
  isConstrained: false,
  capacityProviders: [],
  minimumHealthyPercent: 100,
  maximumPercent: 200,
  deployment: undefined,
  unplaced: undefined,
  impaired: undefined,
  ...overrides,
});

/** What was found about an instance with one task of the service `web`, which has room elsewhere. */
export const findings = (services: readonly Service[], overrides: Partial<Findings> = {}): Findings => ({
  registrations: [registration({ taskCount: 1 })],
  tasks: [task()],
  services: new Map(services.map((one) => [one.serviceName, one])),
  protections: new Map(),
  rooms: [
    {
      containerInstanceArn: 'other',
      agentConnected: true,
      cpu: 2048,
      memoryMib: 4096,
      gpus: 0,
      usedPorts: [],
    },
  ],
  disconnectedSince: undefined,
  endings: new Map(),
  unread: [],
  ...overrides,
});
