import { describe, expect, it } from 'vitest';
import { enrolledGroup, reportTagFaults } from '../../lib/group.ts';
import { readLimit } from '../../lib/limit.ts';
import { type Policy, readClusterLimit, readEnrolment, readUninstall } from '../../lib/policy.ts';
import { textOf } from '../files.ts';
import { clusterName, depsOf, group, policyOf, total } from './fixtures.ts';

const source = textOf('lib/policy.ts');
/** Names that stand there as constants. */
const constants = new Map(
  [...source.matchAll(/const (\w+Name) = '([\w-]+)';/g)].map(([, id, name]) => [id, name]),
);
const limitName = constants.get('limitName') ?? '';
const [, list = ''] = /const known = \[([^\]]+)\];/.exec(source) ?? [];

/** The tags that there are. */
const names = list
  .split(',')
  .map((name) => name.trim().replaceAll("'", ''))
  .filter((name) => name !== '')
  .map((name) => constants.get(name) ?? name);

/** The tags whose values are words, with all of them. */
const worded = new Map(
  [...source.matchAll(/\('?([\w-]+)'?, (?:oneOf\(([^)]+)\)|onOrOff),/g)].map(([, name = '', words]) => [
    constants.get(name) ?? name,
    words === undefined ? ['on', 'off'] : words.split(', ').map((word) => word.replaceAll("'", '')),
  ]),
);

const scenarios = {
  deadline: 'test/scenarios/policy.test.ts',
  state: 'test/scenarios/policy-state.test.ts',
  retained: 'test/scenarios/retained.test.ts',
  late: 'test/scenarios/late.test.ts',
  budget: 'test/scenarios/budget.test.ts',
  interrupt: 'test/scenarios/interrupt.test.ts',
  recommendation: 'test/scenarios/recommendation.test.ts',
  uninstall: 'test/scenarios/uninstall.test.ts',
  fallback: 'test/scenarios/on-demand-fallback.test.ts',
} as const;

/** What a value means, and the scenario against the packaged stack that shows it, by words of its name. */
type Shown = readonly [value: string, file: keyof typeof scenarios, name: string];

/** A tag: values that are understood, and some that are not. `member`: of the policy that it sets. */
interface Tag {
  readonly member: keyof Policy | undefined;
  readonly good: readonly Shown[];
  readonly malformed: readonly string[];
}

const tags: Readonly<Record<string, Tag>> = {
  cluster: {
    member: undefined,
    good: [[clusterName, 'deadline', 'is put within a minute of the tag']],
    malformed: ['', 'two words', 'arn:aws:ecs:eu-west-1:111122223333:cluster/demo'],
  },
  'drain-deadline': {
    member: 'drainDeadlineSeconds',
    good: [
      ['10m', 'deadline', 'stops the service tasks that are left, waits for STOPPED, and releases'],
      ['90s', 'deadline', 'stops the service tasks that are left, waits for STOPPED, and releases'],
      ['47h', 'deadline', 'stops the service tasks that are left, waits for STOPPED, and releases'],
    ],
    malformed: ['', 'soon', '59s', '48h', '50', '1.5h'],
  },
  'on-deadline': {
    member: 'onDeadline',
    good: [
      ['stop-tasks', 'deadline', 'stops the service tasks that are left, waits for STOPPED, and releases'],
      ['continue', 'deadline', 'releases at once where the group says `continue`'],
      ['retain', 'retained', 'keeps the instance with all that runs on it, stops nothing'],
    ],
    malformed: ['', 'Retain', 'explode'],
  },
  'standalone-tasks': {
    member: 'standaloneStopSeconds',
    good: [
      ['wait', 'deadline', 'never stops a standalone task, and waits for it beyond the deadline'],
      ['stop', 'deadline', 'stops standalone tasks at the time of `%s`'],
      ['stop-after:10m', 'deadline', 'stops standalone tasks at the time of `%s`'],
    ],
    malformed: ['', 'stop-after', 'stop-after:10', 'stop-after:48h', '2h'],
  },
  'max-draining': {
    member: 'maxDraining',
    good: [
      ['none', 'budget', '= %s of 8 instances lets %i of the 6 that leave drain at once'],
      ['1', 'budget', 'lets the next one drain within seconds of the end of the last'],
      ['34%', 'budget', '= %s of 8 instances lets %i of the 6 that leave drain at once'],
      ['30 percent', 'budget', 'of the cluster holds for all its groups together'],
    ],
    malformed: ['', '0', '101%', '-1', 'all'],
  },
  state: {
    member: 'state',
    good: [
      ['active', 'state', 'without it the drain begins within a sweep'],
      ['paused', 'state', 'releases nothing that has drained meanwhile, and stops no task at the deadline'],
      ['leaving', 'state', 'lets the departure under way finish, lets a new one go at once'],
    ],
    malformed: ['', 'Paused', 'on'],
  },
  hook: {
    member: 'hook',
    good: [
      ['own', 'deadline', 'is corrected within a quarter of an hour when somebody changes or deletes it'],
      ['external', 'state', 'leaves a hook that differs, or is missing, as it is, and reports it'],
    ],
    malformed: ['', 'mine'],
  },
  'dry-run': {
    member: 'isDryRun',
    good: [
      ['on', 'state', 'completes a hook that is there at once, by %s, and says what it would have done'],
      ['off', 'deadline', 'is put within a minute of the tag'],
    ],
    malformed: ['', 'true', 'ON'],
  },
  interrupt: {
    member: 'interrupt',
    good: [
      ['on', 'interrupt', 'is drained within seconds of the notice'],
      ['off', 'interrupt', 'a group that does not want it'],
    ],
    malformed: ['', 'yes'],
  },
  'rebalance-recommendation': {
    member: 'rebalanceRecommendation',
    good: [
      ['on', 'recommendation', 'which is drained within seconds: its tasks move, none is cut off'],
      ['off', 'recommendation', 'which stays as it is where nothing asks for it: no tag is no wish'],
    ],
    malformed: ['', 'true'],
  },
  'on-demand-fallback': {
    member: undefined,
    good: [
      ['on', 'fallback', 'buys On-Demand while Spot is gone for three hours, and gives home back'],
      ['off', 'fallback', 'buys nothing else where it is off'],
    ],
    malformed: ['', 'yes'],
  },
  'deregistration-delay': {
    member: 'deregistrationDelaySeconds',
    good: [
      ['20s', 'interrupt', 'takes a task out of its load balancer before SIGTERM where the delays fit'],
      ['30m', 'late', 'have the time to leave their load balancer that the tag of the group says'],
      ['0s', 'late', 'have all of their stopTimeout, however long, before the instance is released'],
    ],
    malformed: ['', '20', '2h', '-1s'],
  },
  uninstall: {
    member: undefined,
    good: [['force', 'uninstall', 'it lets the instance go where the group is forced']],
    malformed: ['', 'true', 'Force'],
  },
};

const enrolled = (tag: string, value: string) =>
  group({ tags: { 'ecs-steward:cluster': clusterName, [tag]: value }, retainsAbandoned: true });
const all = Object.entries(tags).map(([name, one]) => [`ecs-steward:${name}`, one] as const);
const good = all.flatMap(([tag, one]) => one.good.map((shown) => [tag, ...shown] as const));
const malformed = all.flatMap(([tag, one]) => one.malformed.map((value) => [tag, value] as const));

describe('the tags of a group', () => {
  it('have a case each, and no other', () => {
    expect(names.length).toBeGreaterThan(10);
    expect(Object.keys(tags).sort()).toEqual([...names].sort());
  });

  it('that are words have a case for each word', () => {
    expect([...worded.keys()]).toEqual(expect.arrayContaining(['on-deadline', 'state', 'hook', 'dry-run']));
    for (const [name, words] of worded)
      expect([name, tags[name]?.good.map(([value]) => value).sort()]).toEqual([name, [...words].sort()]);
  });

  it('set each member of a policy', () => {
    const members = Object.values(tags).flatMap(({ member }) => member ?? []);
    expect(members.sort()).toEqual(Object.keys(policyOf()).sort());
  });

  it.each(names.map((name) => `ecs-steward:${name}`))('%s has a row in README.md', (tag) => {
    expect(textOf('README.md')).toContain(`\n| \`${tag}\` |`);
  });

  it.each([...worded])('%s has all of its words in README.md: %j', (name, words) => {
    const row = textOf('README.md')
      .split('\n')
      .find((line) => line.startsWith(`| \`ecs-steward:${name}\` |`));
    for (const word of words) expect(row).toContain(`\`${word}\``);
  });
});

describe('a value that is understood', () => {
  it.each(good)('%s = %s is no fault', (tag, value) => {
    expect(readEnrolment(enrolled(tag, value).tags)?.faults).toEqual([]);
  });

  it.each(all.filter(([, { member }]) => member !== undefined))(
    'of %s is another than the others',
    (tag, one) => {
      const { member, good: values } = one;
      const meant = values.map(([value]) => {
        const policy = enrolledGroup(enrolled(tag, value))?.policy;
        return JSON.stringify(member && policy?.[member]);
      });
      expect(new Set(meant).size).toBe(values.length);
    },
  );

  it.each(good)('%s = %s is shown by a scenario: %s, %s', (_tag, _value, file, name) => {
    expect(textOf(scenarios[file])).toContain(name);
  });
});

describe('a value that is malformed', () => {
  it.each(malformed)('%s = "%s" is reported with tag, value and what was expected', (tag, value) => {
    const { deps, trace } = depsOf({});
    const one = enrolled(tag, value);
    reportTagFaults(deps, one);
    const expected = { tag, value, expected: expect.stringMatching(/.{4}/) };
    const { autoScalingGroupName } = one;
    expect(trace.lines).toMatchObject([{ level: 'warn', fields: { autoScalingGroupName, ...expected } }]);
    expect(trace.announced).toMatchObject([{ detailType: 'Group Misconfigured', detail: expected }]);
    expect(total(trace, 'Misconfigured')).toBe(1);
  });

  it.each(malformed.filter(([tag]) => worded.has(tag.replace('ecs-steward:', ''))))(
    '%s = "%s" is answered with each word that is expected',
    (tag, value) => {
      const [fault] = readEnrolment(enrolled(tag, value).tags)?.faults ?? [];
      for (const word of worded.get(tag.replace('ecs-steward:', '')) ?? [])
        expect(fault?.expected).toMatch(new RegExp(`\\b${word}\\b`));
    },
  );

  it.each(malformed.filter(([tag]) => tag !== 'ecs-steward:cluster'))(
    '%s = "%s" leaves the default',
    (tag, value) => {
      expect(enrolledGroup(enrolled(tag, value))?.policy).toEqual(policyOf());
      expect(readUninstall({ [tag]: value }).isForced).toBe(false);
    },
  );

  it.each(malformed.filter(([tag]) => tag === 'ecs-steward:cluster'))(
    '%s = "%s" enrols nothing',
    (tag, value) => {
      expect(enrolledGroup(enrolled(tag, value))).toBeUndefined();
    },
  );

  it.each(tags[limitName]?.malformed ?? [])(
    'of the tag of a cluster is reported too: "%s"',
    async (value) => {
      const tag = `ecs-steward:${limitName}`;
      const { deps, trace } = depsOf({ clusterTags: async () => ({ [tag]: value }) });
      expect(await readLimit(deps, clusterName)).toBeUndefined();
      const [fault] = readClusterLimit({ [tag]: value }).faults;
      expect(trace.lines).toMatchObject([{ level: 'warn', fields: { clusterName, ...fault, tag, value } }]);
      expect(total(trace, 'Misconfigured')).toBe(1);
    },
  );
});
