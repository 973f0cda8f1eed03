import type {
  CreateAutoScalingGroupType,
  InstanceMaintenancePolicy,
  UpdateAutoScalingGroupType,
} from '@aws-sdk/client-auto-scaling';
import { checkRange, oneOf, validationError } from './validation.ts';

type Requested = Pick<
  CreateAutoScalingGroupType | UpdateAutoScalingGroupType,
  | 'DefaultCooldown'
  | 'DefaultInstanceWarmup'
  | 'DesiredCapacityType'
  | 'HealthCheckGracePeriod'
  | 'HealthCheckType'
  | 'InstanceMaintenancePolicy'
  | 'MaxInstanceLifetime'
  | 'TerminationPolicies'
>;

/** The termination policies that a group may name, beside Lambda functions (DescribeTerminationPolicyTypes). */
export const terminationPolicies = [
  'AllocationStrategy',
  'ClosestToNextInstanceHour',
  'Default',
  'NewestInstance',
  'OldestInstance',
  'OldestLaunchConfiguration',
  'OldestLaunchTemplate',
] as const;

const healthChecks = ['EC2', 'EBS', 'ELB', 'VPC_LATTICE'] as const;
const secondsMax = 2_147_483_647;
const daySeconds = 86_400;

/** Throws ValidationError on settings outside what the API documents for them; undefined passes. */
export function checkSettings(input: Requested): void {
  checkRange('defaultCooldown', input.DefaultCooldown, 0, secondsMax);
  checkRange('healthCheckGracePeriod', input.HealthCheckGracePeriod, 0, secondsMax);
  // -1 takes it away again.
  checkRange('defaultInstanceWarmup', input.DefaultInstanceWarmup, -1, secondsMax);
  // 0 takes it away again (D-13.60).
  if (input.MaxInstanceLifetime !== 0)
    checkRange('maxInstanceLifetime', input.MaxInstanceLifetime, daySeconds, 365 * daySeconds);
  if (input.DesiredCapacityType !== undefined)
    oneOf('desiredCapacityType', input.DesiredCapacityType, ['units', 'vcpu', 'memory-mib']);
  for (const check of input.HealthCheckType?.split(',') ?? []) oneOf('healthCheckType', check, healthChecks);
  for (const policy of input.TerminationPolicies ?? [])
    if (!/^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[^:]+(:[^:]+)?$/.test(policy))
      oneOf('terminationPolicies', policy, terminationPolicies);
  checkMaintenance(input.InstanceMaintenancePolicy);
}

/** Both percentages or neither; -1 takes both away (D-3.27). */
function checkMaintenance(policy: InstanceMaintenancePolicy | undefined): void {
  if (!policy) return;
  const { MinHealthyPercentage: least, MaxHealthyPercentage: most } = policy;
  if (least === undefined || most === undefined)
    throw validationError(
      'You must specify both MinHealthyPercentage and MaxHealthyPercentage in InstanceMaintenancePolicy.',
    );
  if ((least === -1) !== (most === -1))
    throw validationError(
      'MinHealthyPercentage and MaxHealthyPercentage of InstanceMaintenancePolicy must both be -1 to clear them.',
    );
  if (least === -1) return;
  checkRange('instanceMaintenancePolicy.maxHealthyPercentage', most, 100, 200);
  if (most - least > 100)
    throw validationError(
      `The difference between MaxHealthyPercentage (${most}) and MinHealthyPercentage (${least}) cannot be greater than 100.`,
    );
}

/** The maintenance policy as the group has it: none where it is cleared. */
export const maintenanceOf = ({
  InstanceMaintenancePolicy: policy,
}: Pick<Requested, 'InstanceMaintenancePolicy'>) =>
  policy && policy.MinHealthyPercentage !== -1 ? { InstanceMaintenancePolicy: policy } : {};
