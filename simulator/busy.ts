import type { Chance } from './chance.ts';
import { Fault, type ServiceName } from './machine.ts';

/** How many calls a bucket holds at most, and how many come back each second. */
interface Size {
  readonly burst: number;
  readonly refillPerSecond: number;
}

interface Bucket {
  readonly size: Size;
}

const size = (burst: number, refillPerSecond: number): Size => ({ burst, refillPerSecond });

/** The actions that share each bucket of ECS (D-5.1 to D-5.11, D-5.13). */
const ecsBuckets: readonly (Bucket & { readonly actions: string })[] = [
  {
    size: size(20, 1),
    actions: 'CreateCluster DeleteCluster PutClusterCapacityProviders UpdateCluster UpdateClusterSettings',
  },
  { size: size(50, 20), actions: 'DescribeClusters ListClusters' },
  { size: size(20, 1), actions: 'RegisterTaskDefinition DeregisterTaskDefinition' },
  { size: size(50, 20), actions: 'DescribeTaskDefinition ListTaskDefinitions ListTaskDefinitionFamilies' },
  { size: size(5, 1), actions: 'DeleteTaskDefinitions' },
  { size: size(10, 1), actions: 'CreateCapacityProvider DeleteCapacityProvider UpdateCapacityProvider' },
  { size: size(50, 20), actions: 'DescribeCapacityProviders' },
  { size: size(20, 10), actions: 'TagResource UntagResource' },
  { size: size(50, 20), actions: 'ListTagsForResource' },
  { size: size(10, 1), actions: 'PutAccountSetting PutAccountSettingDefault DeleteAccountSetting' },
  { size: size(50, 20), actions: 'ListAccountSettings' },
  {
    size: size(100, 40),
    actions:
      'DeleteAttributes DeregisterContainerInstance ExecuteCommand PutAttributes RunTask StartTask StopTask UpdateContainerAgent UpdateContainerInstancesState',
  },
  {
    size: size(100, 20),
    actions: 'DescribeContainerInstances DescribeTasks ListAttributes ListContainerInstances ListTasks',
  },
  {
    size: size(200, 120),
    actions:
      'RegisterContainerInstance SubmitContainerStateChange SubmitTaskStateChange SubmitAttachmentStateChanges',
  },
  { size: size(50, 5), actions: 'CreateService DeleteService UpdateService' },
  { size: size(100, 20), actions: 'DescribeServices ListServices' },
  { size: size(200, 80), actions: 'UpdateTaskProtection GetTaskProtection' },
];

const ecsBucketOf = new Map(
  ecsBuckets.flatMap((bucket) => bucket.actions.split(' ').map((action) => [action, bucket] as const)),
);

/** One bucket for every call (D-5.17); AWS does not say of what size, so this one is our choice. */
const autoscalingBucket: Bucket = { size: size(100, 20) };

/** What AWS refuses however right a call is. */
export interface BusyFaults {
  /** Whether calls over the wire take from the token buckets of AWS. */
  isThrottled: boolean;
  /** The share of every bucket that others in the account use up, 0 to 1; one call fits in any. */
  othersShare: number;
  /** How likely a function's call fails with a temporary error of AWS before it has done anything, 0 to 1. */
  refusalProbability: number;
}

/**
 * How the APIs of an account in a Region refuse who calls too often, by token buckets that refill as time passes (D-5.1 to
 * D-5.11, D-5.13, D-5.17), and now and then a function.
 */
export class Busy {
  private readonly levels = new Map<object, { tokens: number; at: number }>();
  private readonly luck: Chance;
  private readonly faults: Readonly<BusyFaults>;

  constructor(luck: Chance, faults: Readonly<BusyFaults>) {
    this.luck = luck;
    this.faults = faults;
  }

  /** Takes one call out of its bucket. Throws Fault where that is empty, or chance is against a function. */
  take(now: number, service: ServiceName, operation: string, isFunction: boolean): void {
    const { isThrottled, refusalProbability } = this.faults;
    if (isThrottled && !this.takeToken(now, bucketOf(service, operation))) throw throttled(service);
    if (isFunction && refusalProbability > 0 && this.luck.happens(refusalProbability))
      throw new Fault('ServiceUnavailable', 'The request has failed due to a temporary failure.', 503);
  }

  private takeToken(now: number, bucket: Bucket | undefined): boolean {
    if (!bucket) return true;
    const { burst, refillPerSecond } = sizeBeside(this.faults.othersShare, bucket.size);
    const { tokens, at } = this.levels.get(bucket) ?? { tokens: burst, at: now };
    const left = Math.min(burst, tokens + ((now - at) / 1000) * refillPerSecond);
    this.levels.set(bucket, { tokens: left < 1 ? left : left - 1, at: now });
    return left >= 1;
  }
}

/** What others leave of a bucket. */
function sizeBeside(othersShare: number, { burst, refillPerSecond }: Size): Size {
  // In binary fractions 1 - 0.9 is less than a tenth, which would cost a whole call.
  const share = Math.round((1 - othersShare) * 1e6) / 1e6;
  return { burst: Math.max(1, burst * share), refillPerSecond: refillPerSecond * share };
}

function bucketOf(service: ServiceName, operation: string): Bucket | undefined {
  if (service === 'ecs') return ecsBucketOf.get(operation);
  return service === 'autoscaling' ? autoscalingBucket : undefined;
}

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html */
function throttled(service: ServiceName): Fault {
  return new Fault(service === 'ecs' ? 'ThrottlingException' : 'Throttling', 'Rate exceeded', 400);
}
