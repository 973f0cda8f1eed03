import { describe, expect, it } from 'vitest';
import { readClusterLimit, readEnrolment, readUninstall } from '../../lib/policy.ts';

const enrolled = (tags: Record<string, string> = {}) =>
  readEnrolment({ 'ecs-steward:cluster': 'demo', Name: 'anything', ...tags });
const deadline = (value: string) => enrolled({ 'ecs-steward:drain-deadline': value });

describe('enrolment', () => {
  it('is the tag ecs-steward:cluster', () => {
    expect(readEnrolment({ Name: 'demo', 'ecs-steward:drain-deadline': '5m' })).toBeUndefined();
    expect(enrolled()?.clusterName).toBe('demo');
  });

  it('has defaults for everything else', () => {
    expect(enrolled()).toEqual({
      clusterName: 'demo',
      policy: {
        drainDeadlineSeconds: 3000,
        onDeadline: 'stop-tasks',
        standaloneStopSeconds: undefined,
        maxDraining: undefined,
        state: 'active',
        hook: 'own',
        isDryRun: false,
        interrupt: true,
        rebalanceRecommendation: false,
        deregistrationDelaySeconds: 300,
      },
      faults: [],
    });
  });

  it.each(['', 'two words', 'a/b', 'x'.repeat(256), 'arn:aws:ecs:eu-west-1:111122223333:cluster/demo'])(
    'serves no group whose cluster reads "%s", and says so',
    (value) => {
      const enrolment = readEnrolment({ 'ecs-steward:cluster': value });
      expect(enrolment?.clusterName).toBeUndefined();
      expect(enrolment?.faults).toMatchObject([{ tag: 'ecs-steward:cluster', value }]);
    },
  );
});

describe('drain-deadline', () => {
  it.each([
    ['90s', 90],
    ['50m', 3000],
    ['1h', 3600],
    ['60s', 60],
    ['1m', 60],
    ['47h', 169_200],
    ['2820m', 169_200],
  ])('%s is %d seconds', (value, seconds) => {
    expect(deadline(value)?.policy.drainDeadlineSeconds).toBe(seconds);
    expect(deadline(value)?.faults).toEqual([]);
  });

  it.each([
    '59s',
    '0m',
    '169201s',
    '48h',
    '50',
    'm',
    '',
    '1.5h',
    '-5m',
    '5 m',
    '5M',
    '1h30m',
    '9999999s',
    '50mm',
  ])('takes the default for "%s", and says what was expected (D-3.7)', (value) => {
    const enrolment = deadline(value);
    expect(enrolment?.policy.drainDeadlineSeconds).toBe(3000);
    expect(enrolment?.faults).toEqual([
      {
        tag: 'ecs-steward:drain-deadline',
        value,
        expected: 'a duration from 60s to 47h, as in 90s, 50m or 1h',
      },
    ]);
  });
});

describe('on-deadline', () => {
  it.each(['stop-tasks', 'continue', 'retain'])('can be %s', (value) => {
    expect(enrolled({ 'ecs-steward:on-deadline': value })).toMatchObject({
      policy: { onDeadline: value },
      faults: [],
    });
  });

  it.each(['Retain', 'Continue', ''])('takes the default for "%s", and says so', (value) => {
    expect(enrolled({ 'ecs-steward:on-deadline': value })).toMatchObject({
      policy: { onDeadline: 'stop-tasks' },
      faults: [{ tag: 'ecs-steward:on-deadline', value, expected: 'stop-tasks, continue or retain' }],
    });
  });
});

describe('standalone-tasks', () => {
  const standaloneTasks = (value: string) => enrolled({ 'ecs-steward:standalone-tasks': value });

  it.each([
    ['wait', undefined],
    ['stop', 0],
    ['stop-after:90s', 90],
    ['stop-after:2h', 7200],
    ['stop-after:47h', 169_200],
  ])('%s: stopped after %s seconds', (value, standaloneStopSeconds) => {
    expect(standaloneTasks(value)).toMatchObject({ policy: { standaloneStopSeconds }, faults: [] });
  });

  it.each(['', 'Wait', 'stop-after', 'stop-after:', 'stop-after:48h', 'stop-after:10', '2h', 'stop:2h'])(
    'waits for "%s", and says what was expected',
    (value) => {
      const tag = 'ecs-steward:standalone-tasks';
      const expected = 'wait, stop, or stop-after: and a duration from 60s to 47h, as in stop-after:2h';
      const standaloneStopSeconds = undefined;
      expect(standaloneTasks(value)).toMatchObject({
        policy: { standaloneStopSeconds },
        faults: [{ tag, value, expected }],
      });
    },
  );
});

describe('max-draining', () => {
  const tag = 'ecs-steward:max-draining';
  const ofGroup = (value: string) => {
    const { policy, faults } = enrolled({ [tag]: value }) ?? {};
    return { limit: policy?.maxDraining, faults };
  };
  const ofCluster = (value: string) => readClusterLimit({ Name: 'anything', [tag]: value });

  it.each([
    ['none', undefined],
    ['1', { kind: 'count', count: 1 }],
    ['99999', { kind: 'count', count: 99_999 }],
    ['1%', { kind: 'percent', percent: 1 }],
    ['25%', { kind: 'percent', percent: 25 }],
    ['100%', { kind: 'percent', percent: 100 }],
    ['25 percent', { kind: 'percent', percent: 25 }],
  ])('%s is %j, on a group and on a cluster', (value, limit) => {
    expect(ofGroup(value)).toEqual({ limit, faults: [] });
    expect(ofCluster(value)).toEqual({ limit, faults: [] });
  });

  it.each([
    '',
    '0',
    '0%',
    '101%',
    '-1',
    '1.5',
    '2.5%',
    '25 %',
    '%',
    '25percent',
    '101 percent',
    'None',
    'all',
    '100000',
    '1e2',
    '١',
  ])('is none for "%s", and it is said what was expected, of a group and of a cluster', (value) => {
    const expected =
      'none, a number of instances from 1 to 99999, or a percentage from 1% to 100%, as in 25% or 25 percent';
    expect(ofGroup(value)).toEqual({ limit: undefined, faults: [{ tag, value, expected }] });
    expect(ofCluster(value)).toEqual({ limit: undefined, faults: [{ tag, value, expected }] });
  });

  it('is none where nothing is tagged', () => {
    expect(readClusterLimit({})).toEqual({ limit: undefined, faults: [] });
  });
});

describe('rebalance-recommendation', () => {
  it.each([
    ['on', true],
    ['off', false],
  ])('can be %s', (value, rebalanceRecommendation) => {
    expect(enrolled({ 'ecs-steward:rebalance-recommendation': value })).toMatchObject({
      policy: { rebalanceRecommendation },
      faults: [],
    });
  });

  it('is off where the value means nothing', () => {
    expect(enrolled({ 'ecs-steward:rebalance-recommendation': 'ON' })).toMatchObject({
      policy: { rebalanceRecommendation: false },
      faults: [{ tag: 'ecs-steward:rebalance-recommendation', value: 'ON', expected: 'on or off' }],
    });
  });
});

describe('interrupt', () => {
  it.each([
    ['on', true],
    ['off', false],
  ])('can be %s', (value, interrupt) => {
    expect(enrolled({ 'ecs-steward:interrupt': value })).toMatchObject({ policy: { interrupt }, faults: [] });
  });

  it('is on for anything else, and says so', () => {
    expect(enrolled({ 'ecs-steward:interrupt': 'yes' })).toMatchObject({
      policy: { interrupt: true },
      faults: [{ tag: 'ecs-steward:interrupt', value: 'yes', expected: 'on or off' }],
    });
  });
});

describe('deregistration-delay', () => {
  const delay = (value: string) => enrolled({ 'ecs-steward:deregistration-delay': value });

  it.each([
    ['0s', 0],
    ['20s', 20],
    ['5m', 300],
    ['1h', 3600],
  ])('%s is %d seconds', (value, deregistrationDelaySeconds) => {
    expect(delay(value)).toMatchObject({ policy: { deregistrationDelaySeconds }, faults: [] });
  });

  it.each(['', '20', '3601s', '2h', '-1s'])('is what target groups have unless told, for "%s"', (value) => {
    const expected = 'a duration from 0s to 1h, as in 0s, 20s or 5m';
    expect(delay(value)).toMatchObject({
      policy: { deregistrationDelaySeconds: 300 },
      faults: [{ tag: 'ecs-steward:deregistration-delay', value, expected }],
    });
  });
});

it('reports every fault at once, misspelt tags too', () => {
  const enrolment = enrolled({
    'ecs-steward:on-deadline': 'x',
    'ecs-steward:drain-deadline': 'y',
    'ecs-steward:drain-deadine': '5m',
  });
  expect(enrolment?.faults.map(({ tag }) => tag).toSorted()).toEqual([
    'ecs-steward:drain-deadine',
    'ecs-steward:drain-deadline',
    'ecs-steward:on-deadline',
  ]);
});

it('cannot be changed once read', () => {
  expect(Object.isFrozen(enrolled()?.policy)).toBe(true);
});

describe('uninstall', () => {
  it('is forced by the one value force, on a group that is not enrolled too', () => {
    expect(readUninstall({ 'ecs-steward:uninstall': 'force' })).toEqual({ isForced: true, faults: [] });
    expect(readUninstall({ 'ecs-steward:cluster': 'demo' })).toEqual({ isForced: false, faults: [] });
    expect(enrolled({ 'ecs-steward:uninstall': 'force' })?.faults).toEqual([]);
  });

  it.each(['', 'Force', 'true', ' force'])('is not forced by "%s", and says what was expected', (value) => {
    const faults = [{ tag: 'ecs-steward:uninstall', value, expected: 'force, or no such tag' }];
    expect(readUninstall({ 'ecs-steward:uninstall': value })).toEqual({ isForced: false, faults });
    expect(enrolled({ 'ecs-steward:uninstall': value })?.faults).toEqual(faults);
  });
});

it.each([
  ['state', ['active', 'paused', 'leaving'], ['', 'Paused', 'pause'], 'active, paused or leaving'],
  ['hook', ['own', 'external'], ['', 'mine'], 'own or external'],
  ['dry-run', ['on', 'off'], ['', 'true', 'ON'], 'on or off'],
])('%s can be %j; for %j it takes the default, and says so', (name, good, bad, expected) => {
  const tag = `ecs-steward:${name}`;
  const policies = good.map((value) => enrolled({ [tag]: value }));
  expect(policies.flatMap((one) => one?.faults)).toEqual([]);
  expect(new Set(policies.map((one) => JSON.stringify(one?.policy))).size).toBe(good.length);
  for (const value of bad) {
    expect(enrolled({ [tag]: value })?.policy).toEqual(enrolled()?.policy);
    expect(enrolled({ [tag]: value })?.faults).toEqual([{ tag, value, expected }]);
  }
});
