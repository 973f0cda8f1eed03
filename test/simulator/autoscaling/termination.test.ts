import { describe, expect, it } from 'vitest';
import { Scene } from './scene.ts';

const oneZone = { AvailabilityZones: ['us-east-1a'] };

/** Three instances in one zone: 50 min old, of version 2; 20 min, of version 3; new, of the group's version 1. */
function three(...TerminationPolicies: string[]) {
  const scene = new Scene();
  const LaunchTemplate = { LaunchTemplateName: 'ecs', Version: '2' };
  scene.group({ ...oneZone, DesiredCapacity: 1, LaunchTemplate, TerminationPolicies });
  const next = (count: number, Version: string, seconds: number) => {
    const input = { AutoScalingGroupName: 'demo', LaunchTemplate: { LaunchTemplateName: 'ecs', Version } };
    scene.call('UpdateAutoScalingGroup', input);
    scene.desired(count);
    scene.advance(seconds);
  };
  scene.advance(1800);
  next(2, '3', 1200);
  next(3, '1', 60);
  const ages = ['oldest', 'middle', 'newest'];
  const leaves = () => {
    const all = scene.in('InService');
    scene.desired(2);
    return ages[all.indexOf(scene.in('Terminating')[0] ?? '')];
  };
  return { scene, leaves };
}

describe('a termination policy', () => {
  it.each([
    ['Default', 'oldest'],
    ['OldestInstance', 'oldest'],
    ['NewestInstance', 'newest'],
    ['OldestLaunchTemplate', 'oldest'],
    ['ClosestToNextInstanceHour', 'oldest'],
  ])('%s takes the %s', (policy, leaver) => {
    expect(three(policy).leaves()).toBe(leaver);
  });

  it('ClosestToNextInstanceHour takes the middle one when its hour is nearly over', () => {
    const { scene, leaves } = three('ClosestToNextInstanceHour');
    scene.advance(35 * 60);
    expect(leaves()).toBe('middle');
  });

  it('Default takes an outdated launch template before one whose hour is nearly over', () => {
    const { scene, leaves } = three('Default');
    scene.advance(59 * 60 - 60);
    expect(leaves()).toBe('oldest');
  });

  it('comes after the balance of the zones', () => {
    const scene = new Scene();
    const [first, second] = [['us-east-1a'], ['us-east-1b']];
    scene.group({ DesiredCapacity: 3, AvailabilityZones: first, TerminationPolicies: ['NewestInstance'] });
    scene.suspend('AZRebalance');
    scene.advance(60);
    const three = scene.in('InService');
    scene.call('UpdateAutoScalingGroup', { AutoScalingGroupName: 'demo', AvailabilityZones: second });
    scene.desired(4);
    scene.advance(60);
    scene.desired(3);
    // The newest of all is alone in its zone, and stays.
    const [left] = scene.in('Terminating');
    expect(three).toContain(left);
  });

  it.each(['Default', 'AllocationStrategy'])('%s takes of the market that has too many', (name) => {
    const scene = new Scene();
    scene.group({
      ...oneZone,
      DesiredCapacity: 6,
      TerminationPolicies: [name],
      LaunchTemplate: undefined,
      MixedInstancesPolicy: {
        LaunchTemplate: { LaunchTemplateSpecification: { LaunchTemplateName: 'ecs' } },
        InstancesDistribution: { OnDemandBaseCapacity: 2, OnDemandPercentageAboveBaseCapacity: 50 },
      },
    });
    const all = scene.in('InService');
    scene.desired(2);
    // The first four are On-Demand: at four instances one of them is left above the base, at two none.
    const left = scene.in('InService');
    expect(left.every((id) => all.indexOf(id) < 4)).toBe(true);
    expect(left).toHaveLength(2);
  });
});
