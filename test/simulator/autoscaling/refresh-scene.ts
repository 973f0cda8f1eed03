import type { InstanceRefresh } from '@aws-sdk/client-auto-scaling';
import { Scene } from './scene.ts';

export const demo = { AutoScalingGroupName: 'demo' };

/** What the instances are to be launched from instead of `ecs` in version 1. */
export const second = { LaunchTemplate: { LaunchTemplateName: 'ecs', Version: '2' } };

/** A group with so many instances in service, launched from version 1 of its template. */
export function group(count: number, input: Record<string, unknown> = {}): Scene {
  const scene = new Scene();
  scene.group({
    DesiredCapacity: count,
    AvailabilityZones: ['us-east-1a'],
    LaunchTemplate: { LaunchTemplateName: 'ecs', Version: '1' },
    ...input,
  });
  return scene;
}

/** Starts a refresh of `demo`; it is in progress a second later. */
export function start(
  scene: Scene,
  preferences: Record<string, unknown> = {},
  input: Record<string, unknown> = {},
): string {
  const { InstanceRefreshId } = scene.call<{ InstanceRefreshId: string }>('StartInstanceRefresh', {
    ...demo,
    Preferences: preferences,
    ...input,
  });
  return InstanceRefreshId;
}

/** The newest refresh of `demo` as the API describes it. */
export const newest = (scene: Scene): InstanceRefresh => refreshes(scene)[0] as InstanceRefresh;

export const refreshes = (scene: Scene, input: Record<string, unknown> = {}): InstanceRefresh[] =>
  scene.call<{ InstanceRefreshes: InstanceRefresh[] }>('DescribeInstanceRefreshes', { ...demo, ...input })
    .InstanceRefreshes;

/** What the events of refreshes were about, in their order. */
export const told = (scene: Scene): string[] =>
  scene
    .events()
    .map(({ detailType }) => detailType)
    .filter((detailType) => detailType.startsWith('EC2 Auto Scaling Instance Refresh '))
    .map((detailType) => detailType.replace('EC2 Auto Scaling Instance Refresh ', ''));

/** The launch template's version of each instance of the group. */
export const versions = (scene: Scene): (string | undefined)[] =>
  (scene.describe().Instances ?? []).map(({ LaunchTemplate }) => LaunchTemplate?.Version);

/** The most and the fewest instances in service, and the most altogether, second by second. */
export function watch(scene: Scene, seconds: number) {
  const seen = { fewest: Number.POSITIVE_INFINITY, most: 0, mostPresent: 0 };
  for (let second = 0; second < seconds; second++) {
    scene.advance(1);
    const working = scene.in('InService').length;
    const present = Object.values(scene.states()).filter((state) => !state.startsWith('Terminating')).length;
    seen.fewest = Math.min(seen.fewest, working);
    seen.most = Math.max(seen.most, working);
    seen.mostPresent = Math.max(seen.mostPresent, present);
  }
  return seen;
}
