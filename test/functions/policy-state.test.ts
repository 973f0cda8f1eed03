import { expect, it } from 'vitest';
import { admit } from '../../functions/admit.ts';
import { release } from '../../functions/release.ts';
import { sweep } from '../../functions/sweep.ts';
import { freshLaneMemory } from '../../lib/admission.ts';
import {
  clusterName,
  depsOf,
  group,
  groupName,
  instanceId,
  namesOf,
  registration,
  stopped,
  task,
  total,
} from '../lib/fixtures.ts';
import { look, messages, answers as releaseAnswers } from './release-scene.ts';
import { knowing, answers as sweepAnswers, tick } from './sweep-scene.ts';

const tagged = (tags: Record<string, string>) =>
  group({ tags: { 'ecs-steward:cluster': clusterName, ...tags } });
const paused = tagged({ 'ecs-steward:state': 'paused' });
const leaving = tagged({ 'ecs-steward:state': 'leaving' });
const dryRun = tagged({ 'ecs-steward:dry-run': 'on' });
const ask = {
  kind: 'admit',
  at: new Date(0),
  autoScalingGroupName: groupName,
  instanceIds: [instanceId],
} as const;
const active = registration({ status: 'ACTIVE', taskCount: 2, mark: undefined });

it('admits nothing of a paused group, and asks ECS nothing', async () => {
  const { deps, trace } = depsOf({ groups: async () => [paused] });
  await admit(deps, freshLaneMemory(), [ask]);
  expect(namesOf(trace)).toEqual(['groups']);
  expect(total(trace, 'Paused')).toBe(1);
});

it('releases nothing of a paused group, and the message does not come back', async () => {
  const { deps, trace } = depsOf(releaseAnswers([stopped()], { groups: async () => [paused] }));
  expect(await release(deps, messages(look()))).toEqual([]);
  expect(namesOf(trace)).not.toContain('complete');
  expect(trace.lines.map(({ fields }) => fields.why)).toContain('paused');
});

it('lets a message come back where it cannot be read whether the group is paused', async () => {
  const groups = () => Promise.reject(new Error('throttled'));
  const { deps, trace } = depsOf(releaseAnswers([stopped()], { groups }));
  expect(await release(deps, messages(look()))).toEqual(['m0']);
  expect(namesOf(trace)).not.toContain('complete');
});

it('sweeps a paused group for heartbeats only', async () => {
  const { deps, trace } = depsOf(sweepAnswers([paused], [registration()], [stopped()]));
  await sweep(deps, { ...knowing(paused), renewedAt: undefined }, tick());
  expect(namesOf(trace)).toEqual(['enrolledGroups', 'terminationStarts', 'heartbeat', 'hook']);
});

it.each([
  ['a group that leaves', leaving, 'leaving'],
  ['a dry run', dryRun, 'dry-run'],
])('lets an instance of %s go without a drain, and says so', async (_what, one, why) => {
  const { deps, trace } = depsOf({
    groups: async () => [one],
    clusterTags: async () => ({}),
    registrations: async () => [active],
    complete: async () => 'completed',
  });
  await admit(deps, freshLaneMemory(), [ask]);
  expect(namesOf(trace)).toEqual(['groups', 'clusterTags', 'registrations', 'complete']);
  expect(trace.lines).toContainEqual(
    expect.objectContaining({
      message: 'lets go without a drain',
      fields: expect.objectContaining({ instanceId, why, would: 'start-draining', taskCount: 2 }),
    }),
  );
});

it('leaves an instance of a group that leaves to its end where it drains already', async () => {
  const { deps, trace } = depsOf({
    groups: async () => [leaving],
    clusterTags: async () => ({}),
    registrations: async () => [registration({ taskCount: 1 })],
  });
  await admit(deps, freshLaneMemory(), [ask]);
  expect(namesOf(trace)).toEqual(['groups', 'clusterTags', 'registrations']);
});

it.each([
  ['a group that leaves', leaving, active, true],
  ['a group that leaves, when it drains already', leaving, registration({ taskCount: 1 }), false],
  ['a dry run, when it drains already', dryRun, registration({ taskCount: 1 }), true],
])(
  'the sweep asks for an instance of %s to be let go, if the lost event did not',
  async (_what, one, own, isAsked) => {
    const { deps, trace } = depsOf(sweepAnswers([one], [own], [task()]));
    await sweep(deps, knowing(one), tick());
    expect(namesOf(trace).includes('askToAdmit')).toBe(isAsked);
  },
);
