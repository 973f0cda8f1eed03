import { describe, expect, it } from 'vitest';
import { autoScalingBuckets, ecsBuckets } from '../../../lib/aws/throttling.ts';
import { Throttled } from '../../../lib/errors.ts';
import { arn, clusterName, groupName, instanceId } from '../fixtures.ts';
import { type Answer, fleetOver, Refusal } from './network.ts';

const answers: Record<string, Answer> = {
  DescribeContainerInstances: () => ({ containerInstances: [] }),
  StopTask: () => ({}),
  CompleteLifecycleAction: () => '',
};
const refused = (code: string): Record<string, Answer> => ({
  DescribeContainerInstances: () => new Refusal(code, 'Rate exceeded'),
  CompleteLifecycleAction: () => new Refusal(code, 'Rate exceeded'),
});

describe('the calls of a function', () => {
  it('keep to the bucket of ECS for what reads (D-5.8)', async () => {
    const { fleet, slept } = fleetOver(answers);
    for (let call = 0; call < ecsBuckets.read.burst; call++) await fleet.describe(clusterName, [arn]);
    expect(slept).toEqual([]);
    await fleet.describe(clusterName, [arn]);
    expect(slept).toEqual([1000 / ecsBuckets.read.perSecond]);
  });

  it('take what changes something from a bucket of its own (D-5.7)', async () => {
    const { fleet, slept } = fleetOver(answers);
    for (let call = 0; call < ecsBuckets.read.burst; call++) await fleet.describe(clusterName, [arn]);
    await fleet.stopTask(clusterName, 'task', 'why');
    expect(slept).toEqual([]);
  });

  it('take those of Auto Scaling from another (D-5.17)', async () => {
    const { fleet, slept } = fleetOver(answers);
    for (let call = 0; call < ecsBuckets.read.burst; call++) await fleet.describe(clusterName, [arn]);
    for (let call = 0; call < autoScalingBuckets.write.burst; call++)
      await fleet.complete(groupName, instanceId);
    expect(slept).toEqual([]);
  });

  it('take only their share, and do not wait longer than they have patience', async () => {
    const { fleet, slept } = fleetOver(answers, 0.5, { share: 0.02, patienceMs: 5000 });
    for (let call = 0; call < 4; call++) await fleet.describe(clusterName, [arn]);
    expect(slept).toEqual([2500, 5000]);
    await expect(fleet.describe(clusterName, [arn])).rejects.toThrow(Throttled);
  });

  it.each(['Throttling', 'ThrottlingException'])(
    'are Throttled where AWS says %s to every attempt (D-5.17)',
    async (code) => {
      const { fleet, calls } = fleetOver(refused(code));
      await expect(fleet.describe(clusterName, [arn])).rejects.toThrow(Throttled);
      await expect(fleet.complete(groupName, instanceId)).rejects.toThrow(Throttled);
      expect(calls).toHaveLength(6);
    },
  );

  it('are not Throttled where AWS refuses them for another reason', async () => {
    const { fleet } = fleetOver(refused('AccessDeniedException'));
    await expect(fleet.describe(clusterName, [arn])).rejects.not.toBeInstanceOf(Throttled);
  });
});
