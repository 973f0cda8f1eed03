import { describe, expect, it } from 'vitest';
import { release } from '../../functions/release.ts';
import {
  arn,
  at,
  depsOf,
  group,
  namesOf,
  registration,
  stopped,
  stopping,
  taskArn,
  total,
} from '../lib/fixtures.ts';
import { answers, change, inState, messages, stop } from './release-scene.ts';

describe('an API that is behind the event (D-1.3)', () => {
  const pauses = [200, 400, 800, 1600];

  it('about the instance: the message comes back, nothing is completed', async () => {
    const { deps, trace } = depsOf(answers([]));
    expect(await release(deps, messages(change({ version: 11 })))).toEqual(['m0']);
    expect(trace.slept).toEqual(pauses);
    expect(namesOf(trace)).toEqual(Array(5).fill('describe'));
    expect(total(trace, 'Behind')).toBe(1);
  });

  it('about the task: the message comes back, nothing is completed', async () => {
    const { deps, trace } = depsOf(answers([stopped({ version: 3 })]));
    expect(await release(deps, messages(stop({ version: 4 })))).toEqual(['m0']);
    expect(trace.slept).toEqual(pauses);
    expect(namesOf(trace)).not.toContain('complete');
  });

  it('about the task, while the instance still looks busy: the message comes back', async () => {
    const busy = [registration({ holdsResources: true })];
    const { deps, trace } = depsOf(answers([stopping({ version: 3 })], { describe: async () => busy }));
    expect(await release(deps, messages(stop({ version: 4 })))).toEqual(['m0']);
    expect(trace.slept).toEqual(pauses);
  });

  it('about the task: acts as soon as the API has caught up', async () => {
    const versions = [3, 3, 4];
    const { deps, trace } = depsOf(
      answers([stopped()], { describeTasks: async () => [stopped({ version: versions.shift() ?? 0 })] }),
    );
    expect(await release(deps, messages(stop({ version: 4 })))).toEqual([]);
    expect(trace.slept).toEqual([200, 400]);
    expect(namesOf(trace).at(-1)).toBe('complete');
  });

  it.each(['InService', 'Terminating'])(
    'about an instance that we marked two minutes ago: %s is not believed',
    async (state) => {
      const { deps, trace } = depsOf(answers([stopped()], inState(state)));
      expect(await release(deps, messages(stop()))).toEqual(['m0']);
      expect(trace.slept).toEqual(pauses);
    },
  );

  it('about an instance that we marked five minutes ago is not assumed', async () => {
    const mark = { at: at(-300), cause: 'termination' } as const;
    const { deps, trace } = depsOf(
      answers([], { ...inState('InService'), describe: async () => [registration({ mark })] }),
    );
    expect(await release(deps, messages(stop()))).toEqual([]);
    expect(trace.slept).toEqual([]);
  });

  it('about an instance that Spot takes back is not assumed: Auto Scaling has it InService until it ends', async () => {
    const mark = { at: at(-100), cause: 'interruption' } as const;
    const { deps, trace } = depsOf(
      answers([stopped()], { ...inState('InService'), describe: async () => [registration({ mark })] }),
    );
    expect(await release(deps, messages(stop()))).toEqual([]);
    expect(trace.slept).toEqual([]);
    expect(namesOf(trace)).not.toContain('complete');
  });

  it('leaves the other instances of the batch alone', async () => {
    const second = `${arn}2`;
    const { deps, trace } = depsOf(
      answers([stopped({ containerInstanceArn: second })], {
        describe: async () => [registration(), registration({ containerInstanceArn: second })],
      }),
    );
    const batch = messages(change({ version: 99 }), stop({ containerInstanceArn: second }));
    expect(await release(deps, batch)).toEqual(['m0']);
    expect(namesOf(trace).at(-1)).toBe('complete');
  });
});

describe('what vouches for a release', () => {
  const unmarked = { describe: async () => [registration({ mark: undefined })] };

  it('without our mark is the group’s tag and all registrations of the instance', async () => {
    const { deps, trace } = depsOf(answers([stopped()], { ...unmarked, groups: async () => [group()] }));
    await release(deps, messages(stop()));
    expect(namesOf(trace).slice(2, 4)).toEqual(['groups', 'registrations']);
    expect(namesOf(trace).at(-1)).toBe('complete');
  });

  it.each([
    ['is not enrolled', [group({ tags: {} })]],
    ['is enrolled for another cluster', [group({ tags: { 'ecs-steward:cluster': 'other' } })]],
    ['is gone', []],
  ])('is missing where the group %s', async (_, groups) => {
    const { deps, trace } = depsOf(answers([stopped()], { ...unmarked, groups: async () => groups }));
    expect(await release(deps, messages(stop()))).toEqual([]);
    expect(namesOf(trace)).not.toContain('complete');
  });

  it('is not the mark of a registration whose agent is not connected: there may be a later one (D-2.8)', async () => {
    const later = registration({ containerInstanceArn: `${arn}2`, status: 'ACTIVE', taskCount: 1 });
    const { deps, trace } = depsOf(
      answers([stopped()], {
        describe: async () => [registration({ agentConnected: false })],
        registrations: async () => [registration(), later],
      }),
    );
    await release(deps, messages(stop()));
    expect(namesOf(trace)).toContain('registrations');
    expect(namesOf(trace)).not.toContain('complete');
  });

  it('is not the first registration alone where a second one still has tasks (D-2.8)', async () => {
    const second = `${arn}2`;
    const { deps, trace } = depsOf(
      answers([stopped(), stopping({ taskArn: taskArn('job'), containerInstanceArn: second })], {
        ...unmarked,
        groups: async () => [group()],
        registrations: async () => [registration(), registration({ containerInstanceArn: second })],
      }),
    );
    await release(deps, messages(stop()));
    expect(namesOf(trace)).not.toContain('complete');
  });
});
