import { describe, expect, it } from 'vitest';
import { explain, freshExplained, type Waiting } from '../../lib/explain.ts';
import type { Fleet } from '../../lib/fleet.ts';
import { service } from './blockers-scene.ts';
import {
  arn,
  at,
  clusterName,
  departure,
  depsOf,
  instanceId,
  namesOf,
  noon,
  policyOf,
  registration,
  standalone,
  task,
  total,
} from './fixtures.ts';

const stuck = service({ maximumPercent: 100 });
const always = () => true;

/** A fleet where one task of the stuck service runs on the instance. */
const answers = (overrides: Partial<Fleet> = {}): Partial<Fleet> => ({
  listTasks: async (_, desiredStatus) => (desiredStatus === 'RUNNING' ? [task().taskArn] : []),
  describeTasks: async () => [task()],
  services: async () => [stuck],
  protections: async () => new Map(),
  sites: async () => [],
  ...overrides,
});

/** An instance that has drained for so many seconds, and whose tasks were not read. */
const waiting = (seconds: number, overrides: Partial<Waiting> = {}): Waiting => ({
  enrolled: { policy: policyOf() },
  departure: departure({ drainStartedAt: at(-seconds) }),
  registrations: [registration({ taskCount: 1 })],
  why: 'draining',
  tasks: undefined,
  ...overrides,
});

/** Times at which the explanation of the instance is due again, and at which it is not: it is, every five minutes. */
const minutes = Array.from({ length: 10 }, (_, minute) => at(60 * (minute + 1)));

describe('explain', () => {
  it('says why, in the log, on the bus and as a metric', async () => {
    const { deps, trace } = depsOf(answers());
    await explain(deps, [waiting(300)], freshExplained(), noon, always);
    const blockers = [{ kind: 'min-max', serviceName: 'web' }];
    expect(trace.lines).toMatchObject([
      {
        level: 'info',
        message: 'decided',
        fields: { instanceId, decision: 'wait', why: 'service-tasks', blockers },
      },
    ]);
    expect(trace.announced).toMatchObject([
      { detailType: 'Drain Waiting', detail: { instanceId, why: 'service-tasks', blockers } },
    ]);
    expect(total(trace, 'WaitingMinMax')).toBe(1);
  });

  it('asks nothing about a departure of less than three minutes: most end sooner', async () => {
    const { deps, trace } = depsOf({});
    await explain(deps, [waiting(179)], freshExplained(), noon, always);
    expect([trace.calls, trace.lines, trace.announced]).toEqual([[], [], []]);
  });

  it('does not list tasks again that were read to decide', async () => {
    const { deps, trace } = depsOf(answers());
    const one = waiting(300, { tasks: [standalone()], why: 'standalone-tasks' });
    await explain(deps, [one], freshExplained(), noon, always);
    expect(trace.calls).toEqual([]);
    expect(trace.announced).toMatchObject([{ detail: { blockers: [{ kind: 'standalone' }] } }]);
  });

  it('reads again every five minutes, or when the decision is another; the metric goes on', async () => {
    const memory = freshExplained();
    const { deps, trace } = depsOf(answers());
    await explain(deps, [waiting(300)], memory, noon, always);
    for (const time of minutes) await explain(deps, [waiting(300)], memory, time, always);
    expect(namesOf(trace).filter((name) => name === 'services')).toHaveLength(3);
    expect(total(trace, 'WaitingMinMax')).toBe(11);
    await explain(deps, [waiting(300, { why: 'standalone-tasks' })], memory, minutes[9] ?? noon, always);
    expect(namesOf(trace).filter((name) => name === 'services').length).toBeGreaterThanOrEqual(4);
  });

  it('is at level INFO only where something has changed', async () => {
    const memory = freshExplained();
    const { deps, trace } = depsOf(answers());
    for (const time of [noon, ...minutes]) await explain(deps, [waiting(300)], memory, time, always);
    expect(trace.lines.map(({ level }) => level)).toEqual(['info', 'debug', 'debug']);
  });

  it('reads once for all departures of a cluster', async () => {
    const { deps, trace } = depsOf(answers());
    const two = [
      waiting(300),
      waiting(300, { departure: departure({ instanceId: 'i-2', drainStartedAt: at(-300) }) }),
    ];
    await explain(deps, two, freshExplained(), noon, always);
    expect(namesOf(trace).filter((name) => !/Tasks$/.test(name))).toEqual([
      'services',
      'protections',
      'sites',
    ]);
    expect(trace.announced).toHaveLength(2);
  });

  it('explains twenty in one sweep, the others in the next ones', async () => {
    const memory = freshExplained();
    const { deps, trace } = depsOf(answers());
    const many = Array.from({ length: 50 }, (_, i) =>
      waiting(300, {
        departure: departure({ instanceId: `i-${i}`, drainStartedAt: at(-300) }),
        tasks: [standalone()],
        why: 'standalone-tasks',
      }),
    );
    const told: number[] = [];
    for (const time of [noon, at(1), at(2)]) {
      await explain(deps, many, memory, time, always);
      told.push(new Set(trace.announced.map(({ detail }) => detail.instanceId)).size);
    }
    expect(told).toEqual([20, 40, 50]);
  });

  it('reads nothing when there is no time left, and counts what it knows', async () => {
    const memory = freshExplained();
    const { deps, trace } = depsOf(answers());
    await explain(deps, [waiting(300)], memory, noon, () => false);
    expect(trace.calls).toEqual([]);
    await explain(deps, [waiting(300)], memory, noon, always);
    const before = trace.calls.length;
    for (const time of minutes) await explain(deps, [waiting(300)], memory, time, () => false);
    expect(trace.calls).toHaveLength(before);
    expect(total(trace, 'WaitingMinMax')).toBe(11);
  });

  it('says what it could not read, and what the rest shows', async () => {
    const refused = async () => {
      throw new Error('AccessDeniedException');
    };
    const { deps, trace } = depsOf(answers({ services: refused }));
    await explain(deps, [waiting(300)], freshExplained(), noon, always);
    expect(trace.lines[0]).toMatchObject({
      level: 'warn',
      message: 'could not read services to explain departures',
    });
    expect(trace.announced).toMatchObject([
      { detail: { blockers: [{ kind: 'unknown', unread: ['services'] }] } },
    ]);
    expect(total(trace, 'Failures')).toBe(0);
  });

  it('leaves an instance unexplained whose tasks cannot be read, and explains those of other clusters', async () => {
    const listTasks = async (cluster: string) => {
      if (cluster === clusterName) throw new Error('AccessDeniedException');
      return [];
    };
    const { deps, trace } = depsOf(answers({ listTasks }));
    const other = departure({ clusterName: 'other', instanceId: 'i-2', drainStartedAt: at(-300) });
    await explain(deps, [waiting(300), waiting(300, { departure: other })], freshExplained(), noon, always);
    expect(trace.announced).toMatchObject([{ detail: { instanceId: 'i-2' } }]);
    expect(total(trace, 'Failures')).toBe(1);
  });

  it('knows since when it has seen an agent not connected, and forgets that when it is', async () => {
    const memory = freshExplained();
    const { deps, trace } = depsOf(answers());
    const off = (seconds: number) =>
      waiting(seconds, {
        registrations: [registration({ agentConnected: false, containerInstanceArn: arn })],
      });
    await explain(deps, [off(60)], memory, noon, always);
    await deps.sleep(240_000);
    await explain(deps, [off(60)], memory, at(240), always);
    expect(trace.announced[0]?.detail.blockers).toMatchObject([
      { kind: 'agent-disconnected', since: noon },
      { kind: 'min-max' },
    ]);
    await explain(deps, [waiting(60)], memory, at(240), always);
    expect(memory.disconnected.size).toBe(0);
  });

  it('knows without a read that a budget keeps a drain from beginning, and explains those that drain first', async () => {
    const { deps, trace } = depsOf(answers());
    const one = (instance: string, overrides: Partial<Waiting>) =>
      waiting(300, {
        departure: departure({ instanceId: instance, drainStartedAt: at(-300) }),
        ...overrides,
      });
    const many = Array.from({ length: 30 }, (_, i) => one(`i-${i}`, { why: 'budget' }));
    const last = one('i-last', { why: 'standalone-tasks', tasks: [standalone()] });
    await explain(deps, [...many, last], freshExplained(), noon, always);
    expect(trace.calls).toEqual([]);
    expect(trace.announced).toHaveLength(20);
    expect(trace.announced[0]?.detail).toMatchObject({ instanceId: 'i-last' });
    expect(trace.announced[1]?.detail).toMatchObject({ why: 'budget', blockers: [{ kind: 'budget' }] });
    expect(trace.announced[1]?.detail.drainStartedAt).toBeUndefined();
    expect(total(trace, 'WaitingBudget')).toBe(19);
  });

  it('forgets an instance that has left', async () => {
    const memory = freshExplained();
    const { deps } = depsOf(answers());
    await explain(deps, [waiting(300)], memory, noon, always);
    expect(memory.explanations.size).toBe(1);
    await explain(deps, [], memory, at(60), always);
    expect(memory.explanations.size).toBe(0);
  });
});
