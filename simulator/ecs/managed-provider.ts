import { flag, type Input, invalid, oneOf, requiredText, structure, text, texts, whole } from './input.ts';
import type { ManagedProvider } from './providers.ts';

const roleArn = /^arn:[^:]+:iam::\d{12}:role\/.+$/;
const profileArn = /^arn:[^:]+:iam::\d{12}:instance-profile\/.+$/;
/** D-14.53. */
const scaleInAfterMax = 3_600;
const many = 2_147_483_647;

/** What a provider of Managed Instances is to be: `before` with what the call says (D-4.45, D-14.52, D-14.53). */
export function managedProvider(clusterArn: string, input: Input, before?: ManagedProvider): ManagedProvider {
  const given = structure(input.managedInstancesProvider, 'managedInstancesProvider');
  requiredText(given, 'infrastructureRoleArn', roleArn);
  const template = {
    ...structure(before?.given.instanceLaunchTemplate, 'instanceLaunchTemplate'),
    ...structure(given.instanceLaunchTemplate, 'instanceLaunchTemplate'),
  };
  const all = { ...before?.given, ...given, instanceLaunchTemplate: template };
  requiredText(template, 'ec2InstanceProfileArn', profileArn);
  return {
    clusterArn,
    given: all,
    subnets: subnetsOf(template),
    isSpot: oneOf(template, 'capacityOptionType', ['ON_DEMAND', 'SPOT', 'RESERVED']) === 'SPOT',
    propagatesTags: oneOf(all, 'propagateTags', ['CAPACITY_PROVIDER', 'NONE']) === 'CAPACITY_PROVIDER',
    scaleInAfterSeconds: scaleInAfterOf(all),
    requirements: requirementsOf(template),
  };
}

function subnetsOf(template: Input): readonly string[] {
  const network = structure(template.networkConfiguration, 'networkConfiguration');
  const subnets = texts(network, 'subnets');
  texts(network, 'securityGroups');
  if (subnets.length === 0) throw invalid('networkConfiguration: expected at least one subnet, got none.');
  const storage = structure(template.storageConfiguration, 'storageConfiguration');
  whole(storage, 'storageSizeGiB', 1, many);
  oneOf(template, 'monitoring', ['BASIC', 'DETAILED']);
  flag(template, 'fipsEnabled');
  return subnets;
}

/** Undefined: as ECS likes; -1: never (D-14.53). */
function scaleInAfterOf(given: Input): number | undefined {
  const optimization = structure(given.infrastructureOptimization, 'infrastructureOptimization');
  oneOf(structure(given.autoRepairConfiguration, 'autoRepairConfiguration'), 'actionsStatus', [
    'ENABLED',
    'DISABLED',
  ]);
  return whole(optimization, 'scaleInAfter', -1, scaleInAfterMax);
}

function requirementsOf(template: Input): ManagedProvider['requirements'] {
  if (template.instanceRequirements === undefined) return undefined;
  const requirements = structure(template.instanceRequirements, 'instanceRequirements');
  const range = (name: string) => {
    const { min, max } = structure(requirements[name], name);
    const low = whole({ [`${name}.min`]: min }, `${name}.min`, 0, many);
    const high = whole({ [`${name}.max`]: max }, `${name}.max`, low ?? 0, many) ?? many;
    if (low === undefined) throw invalid(`instanceRequirements: ${name}.min cannot be blank.`);
    return { min: low, max: high };
  };
  text(requirements, 'burstablePerformance');
  const only = texts(requirements, 'allowedInstanceTypes');
  return { vCpuCount: range('vCpuCount'), memoryMib: range('memoryMiB'), only };
}
