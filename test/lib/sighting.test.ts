import { describe, expect, it } from 'vitest';
import type { ContainerInstanceChange, Look, TaskStopped } from '../../lib/events.ts';
import { type Hint, isStillHeld, sightingsIn, unregisteredSince } from '../../lib/sighting.ts';
import { arn, at, clusterName, groupName, instanceId, noon, taskArn } from './fixtures.ts';

const change = (overrides: Partial<ContainerInstanceChange> = {}): ContainerInstanceChange => ({
  kind: 'container-instance',
  at: noon,
  clusterName,
  containerInstanceArn: arn,
  instanceId,
  status: 'DRAINING',
  version: 5,
  holdsResources: false,
  isMarked: false,
  ...overrides,
});
const stop = (overrides: Partial<TaskStopped> = {}): TaskStopped => ({
  kind: 'task-stopped',
  at: noon,
  clusterName,
  containerInstanceArn: arn,
  taskArn: taskArn('web'),
  version: 7,
  ...overrides,
});
const look = (overrides: Partial<Look> = {}): Look => ({
  kind: 'look',
  at: noon,
  autoScalingGroupName: groupName,
  clusterName,
  instanceId,
  because: 'empty',
  ...overrides,
});
const sightings = (...events: Hint[]) =>
  sightingsIn(events.map((event, i) => ({ messageId: `m${i}`, event })));

describe('a batch of messages', () => {
  it('is sorted by container instance, with the newest version of everything (D-1.5)', () => {
    const found = sightings(
      change({ version: 9 }),
      stop({ version: 6 }),
      change({ version: 5 }),
      stop({ version: 7 }),
      stop({ taskArn: taskArn('job'), version: 2 }),
      stop({ containerInstanceArn: `${arn}2` }),
    );
    expect(found).toHaveLength(2);
    expect(found[0]).toMatchObject({ change: { version: 9 }, messageIds: ['m0', 'm1', 'm2', 'm3', 'm4'] });
    expect([...(found[0]?.taskVersions ?? [])]).toEqual([
      [taskArn('web'), 7],
      [taskArn('job'), 2],
    ]);
    expect(found[1]).toMatchObject({
      containerInstanceArn: `${arn}2`,
      change: undefined,
      messageIds: ['m5'],
    });
  });

  it('knows since when an instance is registered nowhere', () => {
    const [found] = sightings(
      look({ because: 'empty', at: at(-60) }),
      look({ because: 'not-registered', at: at(-16) }),
      look({ because: 'not-registered', at: at(-30) }),
    );
    expect(found && unregisteredSince(found)).toEqual(at(-30));
  });

  it('knows nothing of the kind from other looks', () => {
    const [found] = sightings(look());
    expect(found && unregisteredSince(found)).toBeUndefined();
  });
});

describe('events that need no call', () => {
  it.each<[string, Hint[], boolean]>([
    ['DRAINING with resources still held', [change({ holdsResources: true })], true],
    ['DRAINING with all resources back', [change()], false],
    ['the newest of two has them back', [change({ holdsResources: true }), change({ version: 6 })], false],
    ['only the older of two has them back', [change({ version: 4 }), change({ holdsResources: true })], true],
    ['a task of it is STOPPED as well', [change({ holdsResources: true }), stop()], false],
    ['INACTIVE, whatever it holds', [change({ status: 'INACTIVE', holdsResources: true })], false],
    ['a task is STOPPED', [stop()], false],
    ['a look was asked for', [look()], false],
  ])('%s: %o', (_, events, expected) => {
    expect(sightings(...events).map(isStillHeld)).toEqual([expected]);
  });
});
