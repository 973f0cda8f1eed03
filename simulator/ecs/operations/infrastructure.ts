import { Fault } from '../../machine.ts';
import { type Input, invalid, oneOf, structure, text, texts } from '../input.ts';
import { type LaunchType, launchTypes } from '../launch-types.ts';
import type { Cluster, PlacementConstraint, PlacementStrategy, TaskDefinition } from '../records.ts';
import type { Infrastructure } from '../service-records.ts';
import type { State } from '../state.ts';
import { launchTypeOf, strategyFor } from '../strategy.ts';

/** D-9.35. */
const subnetsMax = 16;
const securityGroupsMax = 5;
/** Of the constraints in a definition and at run time together (D-9.28). */
const constraintsMax = 10;
const platformVersions = ['LATEST', '1.4.0', '1.3.0'];

/** What a service, a task set or a RunTask call is to run on, checked (D-4.38, D-9.35, D-9.64). */
export function infrastructureOf(
  state: State,
  cluster: Cluster,
  input: Input,
  definition: TaskDefinition,
): Infrastructure {
  const asked = oneOf(input, 'launchType', launchTypes);
  if (asked === 'MANAGED_INSTANCES')
    throw invalid('launchType: MANAGED_INSTANCES is only possible with a capacityProviderStrategy.');
  const capacityProviderStrategy = strategyFor(state, cluster, input);
  const launchType = launchTypeOf(state, capacityProviderStrategy) ?? asked ?? 'EC2';
  checkCompatible(definition, launchType);
  return {
    launchType,
    capacityProviderStrategy,
    platformVersion: platformOf(input, launchType),
    networkConfiguration: networkOf(input, definition.networkMode, launchType),
  };
}

/** Throws when the definition cannot run on that launch type. */
export function checkCompatible({ compatibilities }: TaskDefinition, launchType: LaunchType): void {
  if (!compatibilities.includes(launchType))
    throw invalid(`Task definition does not support launch_type ${launchType}.`);
}

/** Only Fargate has platform versions, LATEST unless another one is given (D-9.64). */
export function platformOf(input: Input, launchType: LaunchType): string | undefined {
  const given = text(input, 'platformVersion');
  if (launchType !== 'FARGATE' && given !== undefined)
    throw invalid(`The platform version must be null when specifying an ${launchType} launch type.`);
  if (given !== undefined && !platformVersions.includes(given))
    throw new Fault('PlatformUnknownException', `platformVersion: there is no "${given}".`);
  return launchType === 'FARGATE' ? (given ?? 'LATEST') : undefined;
}

/**
 * D-9.35: required for awsvpc, refused for the other modes. Only Fargate gives public addresses, in AWS's words:
 * https://github.com/hashicorp/waypoint/issues/643
 */
export function networkOf(input: Input, networkMode: string, launchType: LaunchType): unknown {
  const isGiven = input.networkConfiguration !== undefined;
  if (isGiven && networkMode !== 'awsvpc')
    throw invalid(
      `Network Configuration is not valid for the given networkMode ${networkMode} of this task definition.`,
    );
  if (!isGiven && networkMode === 'awsvpc')
    throw invalid('Network Configuration must be provided when networkMode awsvpc is specified.');
  if (!isGiven) return undefined;
  const configuration = structure(input.networkConfiguration, 'networkConfiguration');
  const vpc = structure(configuration.awsvpcConfiguration, 'awsvpcConfiguration');
  const subnets = texts(vpc, 'subnets');
  if (subnets.length === 0) throw invalid('subnets can not be empty.');
  if (subnets.length > subnetsMax) throw invalid(`subnets can have at most ${subnetsMax} items.`);
  if (texts(vpc, 'securityGroups').length > securityGroupsMax)
    throw invalid(`securityGroups can have at most ${securityGroupsMax} items.`);
  const assignPublicIp = oneOf(vpc, 'assignPublicIp', ['ENABLED', 'DISABLED']) ?? 'DISABLED';
  if (assignPublicIp === 'ENABLED' && launchType !== 'FARGATE')
    throw invalid('Assign public IP is not supported for this launch type.');
  return { awsvpcConfiguration: { ...vpc, assignPublicIp } };
}

/** Fargate knows neither constraints nor strategies; on EC2 a task has at most ten constraints (D-9.28). */
export function checkPlacement(
  { launchType }: Pick<Infrastructure, 'launchType'>,
  definition: TaskDefinition,
  constraints: readonly PlacementConstraint[],
  strategy: readonly PlacementStrategy[],
): void {
  const refused = launchType === 'FARGATE';
  if (refused && constraints.length > 0) throw invalid('placementConstraints: not supported with FARGATE.');
  if (refused && strategy.length > 0) throw invalid('placementStrategy: not supported with FARGATE.');
  if (constraints.length + definition.placementConstraints.length > constraintsMax)
    throw invalid(
      `placementConstraints can have at most ${constraintsMax} items, those of the task definition among them.`,
    );
}
