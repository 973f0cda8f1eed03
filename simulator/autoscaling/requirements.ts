import type { InstanceRequirements } from '@aws-sdk/client-auto-scaling';

/** A type of which EC2 has instances, and what it offers. */
export interface OfferedType {
  readonly name: string;
  readonly vCpus: number;
  readonly memoryMib: number;
}

/**
 * The types that satisfy the requirements, the smallest first, as there are no prices. All of them are Intel's, of the
 * current generation, and have no accelerator and no local disk; bandwidths and price limits are not looked at.
 * https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_InstanceRequirements.html
 */
export const satisfying = (offered: readonly OfferedType[], asked: InstanceRequirements): OfferedType[] =>
  isOfSuchHardware(asked)
    ? offered
        .filter((type) => isLargeEnough(type, asked) && isNamed(type, asked) && mayBurst(type, asked))
        .toSorted((one, other) => one.vCpus - other.vCpus || one.memoryMib - other.memoryMib)
    : [];

interface Bounds {
  readonly Min?: number | undefined;
  readonly Max?: number | undefined;
}

const within = (value: number, { Min = 0, Max = Number.POSITIVE_INFINITY }: Bounds = {}): boolean =>
  value >= Min && value <= Max;

const isLargeEnough = ({ vCpus, memoryMib }: OfferedType, asked: InstanceRequirements): boolean =>
  within(vCpus, asked.VCpuCount) &&
  within(memoryMib, asked.MemoryMiB) &&
  within(memoryMib / 1024 / vCpus, asked.MemoryGiBPerVCpu);

/** Names may have asterisks: `m5.*`, `*3*`. */
function isNamed({ name }: OfferedType, asked: InstanceRequirements): boolean {
  const isMeant = (pattern: string) =>
    new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`).test(name);
  const { AllowedInstanceTypes = ['*'], ExcludedInstanceTypes = [] } = asked;
  return AllowedInstanceTypes.some(isMeant) && !ExcludedInstanceTypes.some(isMeant);
}

/** The burstable types are those of the family T, and excluded unless they are asked for. */
function mayBurst(
  { name }: OfferedType,
  { BurstablePerformance = 'excluded' }: InstanceRequirements,
): boolean {
  return BurstablePerformance === 'included' || /^t\d/.test(name) === (BurstablePerformance === 'required');
}

function isOfSuchHardware(asked: InstanceRequirements): boolean {
  const { CpuManufacturers = ['intel'], InstanceGenerations = ['current'] } = asked;
  const hasNone = within(0, asked.AcceleratorCount) && within(0, asked.TotalLocalStorageGB);
  return (
    CpuManufacturers.includes('intel') &&
    InstanceGenerations.includes('current') &&
    asked.BareMetal !== 'required' &&
    asked.LocalStorage !== 'required' &&
    hasNone
  );
}
