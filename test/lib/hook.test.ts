import { describe, expect, it } from 'vitest';
import {
  driftOf,
  globalSecondsOf,
  globalTimeoutSeconds,
  type Hook,
  isHookCheckDue,
  terminateHook,
} from '../../lib/hook.ts';
import { at, group } from './fixtures.ts';

describe('our hook', () => {
  it('lets a departure take 48 hours (D-3.7), continues when it times out (D-3.6), survives 20 minutes without us', () => {
    expect(terminateHook).toEqual({
      lifecycleHookName: 'ecs-steward-terminate',
      lifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
      heartbeatTimeoutSeconds: 1800,
      defaultResult: 'CONTINUE',
    });
    expect(globalTimeoutSeconds).toBe(172_800);
  });
});

it.each([
  [30, 3000],
  [1727, 172_700],
  [1728, 172_800],
  [7200, 172_800],
])(
  'a hook with a HeartbeatTimeout of %i s holds an instance for %i s at most (D-3.7)',
  (timeout, seconds) => {
    expect(globalSecondsOf({ heartbeatTimeoutSeconds: timeout })).toBe(seconds);
  },
);

describe('drift', () => {
  it('is none where the hook is ours', () => {
    expect(driftOf({ ...terminateHook })).toEqual({ kind: 'none' });
  });

  it('is missing where there is no hook', () => {
    expect(driftOf(undefined)).toEqual({ kind: 'missing' });
  });

  it.each<[Partial<Hook>, (keyof Hook)[]]>([
    [{ heartbeatTimeoutSeconds: 3600 }, ['heartbeatTimeoutSeconds']],
    [{ defaultResult: 'ABANDON' }, ['defaultResult']],
    [{ lifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING' }, ['lifecycleTransition']],
    [{ heartbeatTimeoutSeconds: 30, defaultResult: 'ABANDON' }, ['heartbeatTimeoutSeconds', 'defaultResult']],
  ])('names what differs: %o', (change, members) => {
    expect(driftOf({ ...terminateHook, ...change })).toEqual({ kind: 'differs', members });
  });
});

it('looks at each hook once in 15 minutes, at different minutes', () => {
  const minutesOf = (arn: string) =>
    Array.from({ length: 15 }, (_, minute) => minute).filter((minute) =>
      isHookCheckDue(arn, at(minute * 60)),
    );
  const minutes = Array.from({ length: 50 }, (_, i) => minutesOf(`${group().autoScalingGroupARN}-${i}`));
  expect(minutes.every(({ length }) => length === 1)).toBe(true);
  expect(new Set(minutes.flat()).size).toBeGreaterThan(5);
});
