import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../../simulator/machine.ts';
import { drainHook, Scene } from './scene.ts';

const demo = { AutoScalingGroupName: 'demo' };
const names = [drainHook, 'launch'];
const processes = ['Launch', 'Terminate', 'HealthCheck', 'ReplaceUnhealthy', 'InstanceRefresh'];

/** Every way to move instances about; `which` picks an instance, a hook, a process or a size. */
const acts: Readonly<Record<string, (scene: Scene, which: number) => void>> = {
  desired: (scene, which) => scene.desired(which % 5),
  wait: (scene, which) => scene.advance([1, 10, 31, 120][which % 4] ?? 1),
  hook: (scene, which) => {
    const LifecycleHookName = names[which % 2] ?? drainHook;
    const transition = LifecycleHookName === 'launch' ? 'LAUNCHING' : 'TERMINATING';
    scene.hook({
      LifecycleHookName,
      LifecycleTransition: `autoscaling:EC2_INSTANCE_${transition}`,
      HeartbeatTimeout: 60,
      DefaultResult: which % 3 === 0 ? 'ABANDON' : 'CONTINUE',
    });
  },
  complete: (scene, which) => {
    const open = scene.autoscaling.lifecycleActions().filter(({ endedAt }) => endedAt === undefined);
    const action = open[which % Math.max(open.length, 1)];
    if (!action) return;
    scene.call('CompleteLifecycleAction', {
      ...demo,
      LifecycleHookName: action.lifecycleHookName,
      LifecycleActionToken: action.lifecycleActionToken,
      LifecycleActionResult: which % 3 === 0 ? 'ABANDON' : 'CONTINUE',
    });
  },
  standBy: (scene, which) =>
    scene.call('EnterStandby', {
      ...demo,
      InstanceIds: one(scene, which),
      ShouldDecrementDesiredCapacity: which % 2 === 0,
    }),
  comeBack: (scene, which) => scene.call('ExitStandby', { ...demo, InstanceIds: one(scene, which) }),
  detach: (scene, which) =>
    scene.call('DetachInstances', {
      ...demo,
      InstanceIds: one(scene, which),
      ShouldDecrementDesiredCapacity: which % 2 === 0,
    }),
  attach: (scene, which) => {
    const ids = [...scene.machines.keys()];
    const id = ids[which % Math.max(ids.length, 1)];
    scene.call('AttachInstances', { ...demo, InstanceIds: id === undefined ? [] : [id] });
  },
  kill: (scene, which) => {
    const [id] = one(scene, which);
    if (id !== undefined) scene.kill(id);
  },
  terminate: (scene, which) =>
    scene.call('TerminateInstanceInAutoScalingGroup', {
      InstanceId: one(scene, which)[0] ?? 'i-0',
      ShouldDecrementDesiredCapacity: false,
    }),
  suspend: (scene, which) =>
    scene.call('SuspendProcesses', { ...demo, ScalingProcesses: [processes[which % processes.length]] }),
  resume: (scene) => scene.call('ResumeProcesses', demo),
  pool: (scene, which) =>
    scene.call('PutWarmPool', {
      ...demo,
      MaxGroupPreparedCapacity: which % 7,
      PoolState: which % 2 === 0 ? 'Stopped' : 'Running',
      InstanceReusePolicy: { ReuseOnScaleIn: which % 3 === 0 },
    }),
  noPool: (scene) => scene.call('DeleteWarmPool', { ...demo, ForceDelete: true }),
  refresh: (scene, which) =>
    scene.call('StartInstanceRefresh', {
      ...demo,
      Preferences: {
        MinHealthyPercentage: 50,
        MaxHealthyPercentage: which % 2 === 0 ? 100 : 150,
        ScaleInProtectedInstances: 'Refresh',
        StandbyInstances: which % 3 === 0 ? 'Terminate' : 'Ignore',
      },
    }),
  cancel: (scene) => scene.call('CancelInstanceRefresh', demo),
};

const one = (scene: Scene, which: number): string[] => {
  const ids = Object.keys(everyone(scene));
  const id = ids[which % Math.max(ids.length, 1)];
  return id === undefined ? [] : [id];
};

/** The states of the instances of the group and of its pool, as they are listed. */
function everyone(scene: Scene): Record<string, string> {
  const listed = scene.call<{ AutoScalingInstances: { InstanceId: string; LifecycleState: string }[] }>(
    'DescribeAutoScalingInstances',
  ).AutoScalingInstances;
  expect(new Set(listed.map(({ InstanceId }) => InstanceId)).size).toBe(listed.length);
  return Object.fromEntries(listed.map(({ InstanceId, LifecycleState }) => [InstanceId, LifecycleState]));
}

/** Does one step; what AWS refuses changes nothing. */
function take(scene: Scene, [act, which]: readonly [string, number]): void {
  try {
    acts[act]?.(scene, which);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
  }
}

/** Which instances were detached, as the activities tell. */
const detached = (scene: Scene): string[] =>
  scene
    .activities()
    .filter(
      ({ Description = '', StatusCode }) =>
        Description.startsWith('Detaching') && StatusCode === 'Successful',
    )
    .map(({ Description = '' }) => Description.split(': ')[1] ?? '');

function check(scene: Scene): void {
  const states = everyone(scene);
  const pooled = scene.call<{ Instances: { InstanceId: string }[] }>('DescribeWarmPool', demo).Instances;
  const ids = [...Object.keys(scene.states()), ...pooled.map(({ InstanceId }) => InstanceId)];
  expect(ids.sort()).toEqual(Object.keys(states).sort());
  const held = scene.autoscaling.lifecycleActions().filter(({ endedAt }) => endedAt === undefined);
  const waiting = Object.entries(states).flatMap(([id, state]) => (state.endsWith(':Wait') ? id : []));
  expect([...new Set(held.map(({ instanceId }) => instanceId))].sort()).toEqual(waiting.sort());
  // Whatever EC2 still has is listed, or was let go.
  const lost = [...scene.machines]
    .filter(([, { state }]) => state !== 'terminated')
    .map(([id]) => id)
    .filter((id) => !(id in states) && !detached(scene).includes(id));
  expect(lost).toEqual([]);
}

const steps = fc.array(fc.tuple(fc.constantFrom(...Object.keys(acts)), fc.nat(40)), { maxLength: 40 });

describe('whatever moves the instances of a group and its warm pool', () => {
  it('no instance is lost or listed twice, and exactly the waiting ones are held by an action', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const scene = new Scene();
        scene.group({ DesiredCapacity: 2, MaxSize: 6, AvailabilityZones: ['us-east-1a'] });
        for (const step of taken) {
          take(scene, step);
          check(scene);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('group and pool come to their sizes once nobody touches them any more', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 5 }), (taken, count) => {
        const scene = new Scene();
        scene.group({ DesiredCapacity: 2, MaxSize: 6, AvailabilityZones: ['us-east-1a'] });
        for (const step of taken) take(scene, step);
        for (const LifecycleHookName of names)
          scene.hook({
            LifecycleHookName,
            LifecycleTransition: `autoscaling:EC2_INSTANCE_${LifecycleHookName === 'launch' ? 'LAUNCHING' : 'TERMINATING'}`,
            HeartbeatTimeout: 30,
            DefaultResult: 'CONTINUE',
          });
        take(scene, ['resume', 0]);
        scene.advance(20_000);
        for (const id of scene.in('Standby'))
          scene.call('TerminateInstanceInAutoScalingGroup', {
            InstanceId: id,
            ShouldDecrementDesiredCapacity: false,
          });
        scene.desired(count);
        scene.advance(10_000);
        expect(Object.values(scene.states())).toEqual(Array(count).fill('InService'));
        const { WarmPoolConfiguration: pool, WarmPoolSize = 0 } = {
          ...scene.describe(),
        };
        const wanted = pool ? Math.max((pool.MaxGroupPreparedCapacity ?? 6) - count, 0) : 0;
        expect(WarmPoolSize).toBe(wanted);
      }),
      { numRuns: 100 },
    );
  });
});
