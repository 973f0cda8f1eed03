import type {
  DesiredConfiguration,
  RefreshPreferences as RequestedPreferences,
  StartInstanceRefreshType,
} from '@aws-sdk/client-auto-scaling';
import type { Group } from './state.ts';
import { constraint, validationError } from './validation.ts';

/** Preferences of an instance refresh with every default filled in. */
export type RefreshPreferences = RequestedPreferences & {
  readonly MinHealthyPercentage: number;
  readonly MaxHealthyPercentage: number;
  /** Seconds. */
  readonly InstanceWarmup: number;
  readonly ScaleInProtectedInstances: 'Refresh' | 'Ignore' | 'Wait';
  readonly StandbyInstances: 'Terminate' | 'Ignore' | 'Wait';
};

/** The defaults of AWS, some of which the group decides (D-3.25, D-3.27). Throws ValidationError on what does not fit. */
export function preferencesOf(group: Group, requested: RequestedPreferences = {}): RefreshPreferences {
  checkPercentages(requested);
  checkCheckpoints(requested);
  const { settings } = group;
  const policy = settings.InstanceMaintenancePolicy;
  const ofPolicy = (value: number | undefined) => (value === undefined || value < 0 ? undefined : value);
  const checkpoints = requested.CheckpointPercentages ?? [];
  const warmup = ofPolicy(settings.DefaultInstanceWarmup) ?? settings.HealthCheckGracePeriod;
  return {
    SkipMatching: false,
    AutoRollback: false,
    ...requested,
    ScaleInProtectedInstances: requested.ScaleInProtectedInstances ?? 'Wait',
    StandbyInstances: requested.StandbyInstances ?? 'Wait',
    MinHealthyPercentage: requested.MinHealthyPercentage ?? ofPolicy(policy?.MinHealthyPercentage) ?? 90,
    MaxHealthyPercentage: requested.MaxHealthyPercentage ?? ofPolicy(policy?.MaxHealthyPercentage) ?? 100,
    InstanceWarmup: requested.InstanceWarmup ?? warmup,
    ...(checkpoints.length > 0 ? { CheckpointDelay: requested.CheckpointDelay ?? 3600 } : {}),
  };
}

function checkPercentages({ MinHealthyPercentage: least, MaxHealthyPercentage: most }: RequestedPreferences) {
  if (most === undefined) return;
  if (least === undefined)
    throw validationError('You must specify MinHealthyPercentage when you specify MaxHealthyPercentage.');
  if (most - least > 100)
    throw validationError(
      `The difference between MaxHealthyPercentage (${most}) and MinHealthyPercentage (${least}) cannot be greater than 100.`,
    );
}

function checkCheckpoints({
  CheckpointPercentages: percentages,
  CheckpointDelay: delay,
}: RequestedPreferences) {
  if (delay !== undefined && (percentages?.length ?? 0) === 0)
    throw validationError('You must specify CheckpointPercentages when you specify CheckpointDelay.');
  const isAscending = (percentages ?? []).every((one, at, all) => at === 0 || one > (all[at - 1] ?? 0));
  if (!isAscending)
    throw constraint('preferences.checkpointPercentages', percentages, 'be unique and in ascending order');
}

/** A rollback needs a desired configuration, and a launch template by version (RollbackInstanceRefresh). */
export function whyIrreversible(group: Group, desired: DesiredConfiguration | undefined): string | undefined {
  if (!desired?.LaunchTemplate && !desired?.MixedInstancesPolicy)
    return 'there is no desired configuration specified for the instance refresh';
  const { Version } = group.launchTemplate;
  if (Version === '$Latest' || Version === '$Default')
    return `the Auto Scaling group uses the ${Version} version of its launch template`;
  return undefined;
}

/** What ReplaceRootVolume needs: a mixed instances policy, in the group and as desired, with an image everywhere (D-1.25). */
export function imageOf(group: Group, { DesiredConfiguration: desired }: StartInstanceRefreshType): string {
  const { MixedInstancesPolicy: policy } = group.settings;
  if (!policy)
    throw validationError('The ReplaceRootVolume strategy requires a group with a MixedInstancesPolicy.');
  const overrides = desired?.MixedInstancesPolicy?.LaunchTemplate?.Overrides ?? [];
  const [image] = overrides.map(({ ImageId }) => ImageId);
  if (image === undefined || overrides.some(({ ImageId }) => ImageId === undefined))
    throw validationError(
      'The ReplaceRootVolume strategy requires a DesiredConfiguration with a MixedInstancesPolicy whose Overrides all specify an ImageId.',
    );
  return image;
}
