import { describe, expect, it } from 'vitest';
import { noteEmpty, taskReadsOf } from '../../lib/empty.ts';
import { bothLists, stoppedList } from '../../lib/tasks.ts';
import { at, departure, noon, registration } from './fixtures.ts';

const visit = (
  instanceId: string,
  record: Parameters<typeof registration>[0] = {},
  times: Parameters<typeof departure>[0] = {},
) => ({
  departure: departure({ instanceId, ...times }),
  registrations: [registration({ ec2InstanceId: instanceId, ...record })],
});
const busy = { taskCount: 2, holdsResources: true };
const stopping = { holdsResources: true };
const late = { deadline: { at: at(-1), onDeadline: 'stop-tasks' } } as const;
const since = (seconds: number, ...ids: string[]) => new Map(ids.map((id) => [id, at(-seconds)]));
/** What is read of which instances. */
const plan = (...input: Parameters<typeof taskReadsOf>) =>
  taskReadsOf(...input).map(({ visits, lists }) => [lists, visits.map((one) => one.departure.instanceId)]);
const many = (count: number, prefix = 'i') => Array.from({ length: count }, (_, i) => `${prefix}-${i}`);

describe('the tasks of an instance', () => {
  it.each([
    ['that runs some are not read', busy, 3600, []],
    ['that stops some are not read', stopping, 299, []],
    ['that seems to stop some for five minutes are read in both lists', stopping, 300, [[bothLists, ['i']]]],
    ['that was empty just now are read in both lists', {}, 9, [[bothLists, ['i']]]],
    ['that is empty for longer than any list is old are read in the second', {}, 10, [[stoppedList, ['i']]]],
    ['that is ACTIVE are not read', { status: 'ACTIVE' }, 3600, []],
  ] as const)('%s', (_, record, emptySeconds, expected) => {
    expect(plan([visit('i', record)], since(emptySeconds, 'i'), noon)).toEqual(expected);
  });

  it('whose time is up are read in both lists whatever its record says', () => {
    for (const record of [busy, stopping, {}])
      expect(plan([visit('i', record, late)], since(60, 'i'), noon)).toEqual([[bothLists, ['i']]]);
  });
});

describe('of many instances', () => {
  it('those that have been empty for a while are read together', () => {
    const ids = many(300);
    expect(
      plan(
        ids.map((id) => visit(id)),
        since(10, ...ids),
        noon,
      ),
    ).toEqual([[stoppedList, ids]]);
  });

  it('no more than 50 that were empty just now are read, ten together; the others wait for the next look', () => {
    const ids = many(70);
    const reads = taskReadsOf(
      ids.map((id) => visit(id)),
      since(1, ...ids),
      noon,
    );
    expect(reads.map(({ visits }) => visits.length)).toEqual([10, 10, 10, 10, 10]);
  });

  it('all are read whose time is up', () => {
    const ids = many(70);
    const reads = taskReadsOf(
      ids.map((id) => visit(id, busy, late)),
      new Map(),
      noon,
    );
    expect(reads.map(({ visits }) => visits.length)).toEqual([70]);
  });
});

describe('since when an instance is empty', () => {
  it('is when it was first seen so, and forgotten where it is seen otherwise', () => {
    const emptySince = new Map<string, Date>();
    noteEmpty(emptySince, [visit('i', stopping), visit('j', busy)], at(0));
    noteEmpty(emptySince, [visit('i'), visit('j', stopping)], at(60));
    expect([...emptySince]).toEqual([
      ['i', at(0)],
      ['j', at(60)],
    ]);
    noteEmpty(emptySince, [visit('i', busy)], at(120));
    expect([...emptySince]).toEqual([['j', at(60)]]);
  });

  it.each([
    ['ACTIVE', { status: 'ACTIVE' }],
    ['of which nothing is registered', undefined],
  ])('is not noted of one that is %s', (_, record) => {
    const emptySince = new Map<string, Date>();
    const one = record ? visit('i', record) : { departure: departure(), registrations: [] };
    noteEmpty(emptySince, [one], noon);
    expect(emptySince.size).toBe(0);
  });
});
