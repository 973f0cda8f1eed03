import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../../simulator/machine.ts';
import { drainHook, Scene } from './scene.ts';

type TouchKind =
  | 'abandon'
  | 'complete'
  | 'heartbeat'
  | 'kill'
  | 'protect'
  | 'terminate'
  | 'unhealthy'
  | 'unprotect';

type Step =
  | { kind: 'desired'; count: number }
  | { kind: 'wait'; seconds: number }
  | { kind: 'touch'; how: TouchKind; which: number }
  | { kind: 'hook' | 'no-hook'; name: string };

const names = [drainHook, 'second', 'launch'];

const touches: readonly TouchKind[] = [
  'abandon',
  'complete',
  'heartbeat',
  'kill',
  'protect',
  'terminate',
  'unhealthy',
  'unprotect',
];

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('desired' as const), count: fc.integer({ min: 0, max: 5 }) }),
  fc.record({ kind: fc.constant('wait' as const), seconds: fc.constantFrom(0.5, 1, 10, 29, 30, 31, 300) }),
  fc.record({ kind: fc.constant('touch' as const), how: fc.constantFrom(...touches), which: fc.nat(7) }),
  fc.record({ kind: fc.constantFrom('hook' as const, 'no-hook' as const), name: fc.constantFrom(...names) }),
);

/** Does one step; what AWS refuses (a finished action, a hook that is not there) changes nothing. */
function take(scene: Scene, next: Step): void {
  try {
    act(scene, next);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
  }
}

function act(scene: Scene, next: Step): void {
  switch (next.kind) {
    case 'desired':
      scene.desired(next.count);
      break;
    case 'wait':
      scene.advance(next.seconds);
      break;
    case 'no-hook':
      scene.call('DeleteLifecycleHook', { AutoScalingGroupName: 'demo', LifecycleHookName: next.name });
      break;
    case 'hook':
      putHook(scene, next.name);
      break;
    case 'touch': {
      const ids = Object.keys(scene.states());
      const id = ids[next.which % Math.max(ids.length, 1)];
      if (id) touch(scene, next.how, id, names[next.which % names.length] ?? drainHook);
    }
  }
}

function putHook(scene: Scene, LifecycleHookName: string): void {
  const transition = LifecycleHookName === 'launch' ? 'LAUNCHING' : 'TERMINATING';
  const LifecycleTransition = `autoscaling:EC2_INSTANCE_${transition}`;
  scene.hook({ LifecycleHookName, LifecycleTransition, HeartbeatTimeout: 30 });
}

function touch(scene: Scene, kind: TouchKind, InstanceId: string, LifecycleHookName: string): void {
  const demo = { AutoScalingGroupName: 'demo' };
  const action = { ...demo, LifecycleHookName, InstanceId };
  if (kind === 'kill') scene.kill(InstanceId);
  if (kind === 'unhealthy') scene.call('SetInstanceHealth', { InstanceId, HealthStatus: 'Unhealthy' });
  if (kind === 'terminate')
    scene.call('TerminateInstanceInAutoScalingGroup', { InstanceId, ShouldDecrementDesiredCapacity: false });
  if (kind === 'complete')
    scene.call('CompleteLifecycleAction', { ...action, LifecycleActionResult: 'CONTINUE' });
  if (kind === 'abandon')
    scene.call('CompleteLifecycleAction', { ...action, LifecycleActionResult: 'ABANDON' });
  if (kind === 'heartbeat') scene.call('RecordLifecycleActionHeartbeat', action);
  if (kind === 'protect' || kind === 'unprotect')
    scene.call('SetInstanceProtection', {
      ...demo,
      InstanceIds: [InstanceId],
      ProtectedFromScaleIn: kind === 'protect',
    });
}

/** Every instance that was launched and has not left is in the group, and what is held is what an action holds. */
function checkAccounts(scene: Scene): void {
  const states = scene.states();
  const launched = scene.ordered('launch-instance');
  const ended = scene
    .activities({ AutoScalingGroupName: 'demo', IncludeDeletedGroups: true })
    .flatMap((activity) => {
      const id = (activity.Description ?? '').match(/i-[0-9a-f]+/)?.[0] ?? '';
      const isOver =
        (activity.Description?.startsWith('Terminating') && activity.StatusCode === 'Successful') ||
        (activity.Description?.startsWith('Launching') && activity.StatusCode === 'Failed');
      return isOver ? id : [];
    });
  expect(new Set(ended).size).toBe(ended.length);
  expect(Object.keys(states).sort()).toEqual(launched.filter((id) => !ended.includes(id)).sort());
  const held = new Set(
    scene.autoscaling
      .lifecycleActions()
      .flatMap((action) => (action.endedAt === undefined ? action.instanceId : [])),
  );
  expect(
    Object.entries(states)
      .flatMap(([id, state]) => (state.endsWith(':Wait') ? id : []))
      .sort(),
  ).toEqual([...held].sort());
}

describe('whatever happens', () => {
  it('the group accounts for every instance, and exactly the waiting ones are held by an action', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const scene = new Scene();
        scene.group({ DesiredCapacity: 2 }, { HeartbeatTimeout: 30 });
        for (const next of steps) {
          take(scene, next);
          checkAccounts(scene);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('every action ends exactly once, within its deadlines, and EC2 is told once for each instance', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const scene = new Scene();
        scene.group({ DesiredCapacity: 2 }, { HeartbeatTimeout: 30 });
        const ends = new Map<string, string>();
        for (const next of steps) {
          take(scene, next);
          for (const action of scene.autoscaling.lifecycleActions()) {
            const end = JSON.stringify([action.endedAt, action.endedBy, action.result]);
            const known = ends.get(action.lifecycleActionToken);
            if (known !== undefined) expect(end).toBe(known);
            if (action.endedAt !== undefined) ends.set(action.lifecycleActionToken, end);
          }
        }
        scene.desired(0);
        scene.advance(10_000);
        for (const action of scene.autoscaling.lifecycleActions()) {
          expect(action.endedBy).toBeDefined();
          expect(action.endedAt).toBeLessThanOrEqual(action.globalDeadlineAt);
        }
        const told = scene.ordered('terminate-instance');
        expect(new Set(told).size).toBe(told.length);
      }),
      { numRuns: 150 },
    );
  });

  it('the group comes to its desired capacity once nobody touches it any more', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.integer({ min: 0, max: 5 }), (steps, count) => {
        const scene = new Scene();
        scene.group({ DesiredCapacity: 2 }, { HeartbeatTimeout: 30 });
        for (const next of steps) take(scene, next);
        take(scene, { kind: 'no-hook', name: 'launch' });
        const InstanceIds = scene.in('InService');
        if (InstanceIds.length > 0)
          scene.call('SetInstanceProtection', {
            AutoScalingGroupName: 'demo',
            InstanceIds,
            ProtectedFromScaleIn: false,
          });
        scene.desired(count);
        scene.advance(10_000);
        expect(Object.values(scene.states())).toEqual(Array(count).fill('InService'));
      }),
      { numRuns: 150 },
    );
  });
});
