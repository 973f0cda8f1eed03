import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { functionsFromSource } from '../../demo/install.ts';
import { root } from '../files.ts';
import { BadArguments, parseOptions } from './args.ts';
import { type Plan, planOf } from './plan.ts';
import { shrink } from './shrink.ts';
import { play } from './storm.ts';

const runtime = await functionsFromSource();

describe('a storm', () => {
  it.each([1, 2, 3, 4])('of seed %i violates no invariant', async (seed) => {
    const { violations, departures } = await play(planOf(seed, 'small'), runtime);
    expect(violations).toEqual([]);
    expect(departures).toBeGreaterThan(0);
  });

  it('is the same again for its plan, and another one for another seed', async () => {
    const [plan, other] = [planOf(5, 'small'), planOf(6, 'small')];
    expect(planOf(5, 'small')).toEqual(plan);
    expect(other).not.toEqual(plan);
    expect(await play(JSON.parse(JSON.stringify(plan)), runtime)).toEqual(await play(plan, runtime));
  });

  it('is noticed where it goes wrong: a steward whose code is down all the time loses its hooks', async () => {
    const plan: Plan = {
      ...planOf(7, 'small'),
      faults: { crashProbability: 1 },
      history: [{ act: 'terminate', group: 'nodes-0', nth: 0, isReplaced: false, atSeconds: 5 }],
      seconds: 3600,
    };
    const { violations } = await play(plan, runtime);
    expect(violations.map(({ invariant }) => invariant)).toContain('L2');
  });
});

const folder = join(root, 'test/storms/found');

describe('what storms found, and does not come again', () => {
  it.each(readdirSync(folder).map((file) => file.replace('.json', '')))('%s', async (name) => {
    const plan = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Plan;
    const { violations, departures } = await play(plan, runtime);
    expect(violations).toEqual([]);
    expect(departures).toBeGreaterThan(0);
  });
});

describe('a storm that is made smaller', () => {
  const plan = planOf(11, 'normal');
  const isFailing = ({ history, faults }: Plan) =>
    history.some(({ act }) => act === 'terminate') && (faults.duplicate ?? 0) > 0;
  const whole: Plan = {
    ...plan,
    faults: { duplicate: 0.2, crashProbability: 0.1, throttle: true },
    history: [
      { act: 'terminate', group: 'nodes-0', nth: 0, isReplaced: false, atSeconds: 5 },
      ...plan.history,
    ],
  };

  it('keeps only what the violation needs', async () => {
    const small = await shrink(whole, async (smaller) => isFailing(smaller));
    expect(small.history.map(({ act }) => act)).toEqual(['terminate']);
    expect(small.faults).toEqual({ duplicate: 0.2 });
    expect(small.services).toEqual([]);
    expect(small.seconds).toBeLessThan(whole.seconds);
  });

  it('stays as it is where every try is spent', async () => {
    expect(await shrink(whole, async (smaller) => isFailing(smaller), 0)).toEqual(whole);
  });
});

describe('the command line of the storms', () => {
  it.each([
    [['--seeds', '0'], '--seeds: expected a whole number from 1 to 1000000, got "0"'],
    [['--seed', 'x'], '--seed: expected a whole number from 1 to 2000000000, got "x"'],
    [['--size', 'huge'], '--size: expected small or normal, got "huge"'],
    [['--minutes', '1.5'], '--minutes: expected a whole number from 1 to 1440, got "1.5"'],
    [['--what'], '--what'],
  ])('%j is refused with what was expected', (args, message) => {
    expect(() => parseOptions(args)).toThrow(BadArguments);
    expect(() => parseOptions(args)).toThrow(message);
  });
});
