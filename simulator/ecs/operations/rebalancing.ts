import { Fault } from '../../machine.ts';
import { type Input, invalid, oneOf } from '../input.ts';
import type { TaskDefinition } from '../records.ts';
import type { Service } from '../service-records.ts';
import { whyUneven } from '../zones.ts';

/**
 * Whether a new service has its zones rebalanced: as it says, else when it can (D-2.41, D-2.41b). Throws when it says so
 * and cannot.
 */
export function newRebalancing(
  input: Input,
  service: Omit<Service, 'availabilityZoneRebalancing'>,
  definition: TaskDefinition | undefined,
): Service['availabilityZoneRebalancing'] {
  const asked = askedFor(input);
  const problem = whyUneven(service, definition);
  if (asked === 'ENABLED') check(service, problem, 'created');
  const isPossible = problem === undefined && service.deploymentController === 'ECS';
  return asked ?? (isPossible ? 'ENABLED' : 'DISABLED');
}

/** The same of a service that UpdateService has changed; what it was stays unless it says otherwise (D-2.41). */
export function rebalancingAfter(input: Input, service: Service): Service {
  const availabilityZoneRebalancing = askedFor(input) ?? service.availabilityZoneRebalancing;
  if (availabilityZoneRebalancing === 'ENABLED')
    check(service, whyUneven(service, service.deployments[0]?.definition), 'updated');
  return { ...service, availabilityZoneRebalancing };
}

const askedFor = (input: Input) => oneOf(input, 'availabilityZoneRebalancing', ['ENABLED', 'DISABLED']);

function check(
  { deploymentController: type }: Pick<Service, 'deploymentController'>,
  problem: string | undefined,
  what: 'created' | 'updated',
): void {
  // In AWS's words as far as they are known: with maximumPercent, of an update.
  if (problem !== undefined)
    throw invalid(
      `The service couldn't be ${what} because Availability Zone Rebalancing does not support ${problem}.`,
    );
  if (type !== 'ECS')
    throw new Fault(
      'ClientException',
      `availabilityZoneRebalancing: the simulated ECS rebalances only with the ECS deployment controller, got ${type}.`,
    );
}
