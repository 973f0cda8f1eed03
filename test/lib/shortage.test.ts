import { describe, expect, it } from 'vitest';
import type { Breaker } from '../../lib/breaker.ts';
import { advance, freshBreaker } from '../../lib/breaker.ts';
import type { BuyingGroup, Launch } from '../../lib/capacity.ts';
import { readStock } from '../../lib/shortage.ts';

const now = new Date('2026-05-04T12:00:00Z');
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000);
const noSpot =
  'There is no Spot capacity available that matches your request. Launching EC2 instance failed.';
const noOnDemand =
  'Could not launch On-Demand Instances. InsufficientInstanceCapacity - We currently do not have';

const launch = (seconds: number, statusMessage = ''): Launch => ({
  endedAt: ago(seconds),
  isSuccessful: statusMessage === '',
  statusMessage,
});

async function stockOf(
  states: readonly string[],
  launches: readonly Launch[],
  state: Breaker['state'] = 'closed',
  isMixed = true,
) {
  const group: BuyingGroup = {
    autoScalingGroupName: 'nodes',
    autoScalingGroupARN: 'arn',
    tags: {},
    desiredCapacity: 3,
    instances: states.map((lifecycleState, i) => ({ instanceId: `i-${i}`, lifecycleState })),
    distribution: isMixed ? { onDemandBaseCapacity: 0, onDemandPercentageAboveBaseCapacity: 0 } : undefined,
  };
  const asked: string[] = [];
  const fleet = {
    launches: async (name: string) => {
      asked.push(name);
      return launches;
    },
  } as unknown as Parameters<typeof readStock>[0]['fleet'];
  const found = await readStock({ fleet, now: () => now }, group, { ...freshBreaker, state });
  return { ...found, asked, kinds: found.signals.map(({ kind }) => kind) };
}

describe('readStock', () => {
  it('asks for launches only where something is missing, or a return is under way', async () => {
    const whole = await stockOf(['InService', 'Pending', 'Pending:Wait'], []);
    expect(whole).toMatchObject({
      asked: [],
      kinds: ['satisfied'],
      stock: { isShort: false, lacks: 'nothing' },
    });
    expect((await stockOf(['InService', 'InService', 'InService'], [], 'half-open')).asked).toEqual([
      'nodes',
    ]);
  });

  it.each<[string, Launch[], string, string[]]>([
    ['nothing has failed', [launch(60)], 'nothing', ['worked']],
    ['no launch has ended', [], 'nothing', []],
    [
      'the last launch found no Spot capacity',
      [launch(60, noSpot), launch(90)],
      'spot',
      ['failed', 'worked', 'failed'],
    ],
    ['the last launch found none just now', [launch(29, noSpot)], 'spot', ['failed']],
    ['the last launch found none long ago: it fails still', [launch(3000, noSpot)], 'spot', ['failed']],
    [
      'a launch worked after one that found none',
      [launch(60), launch(90, noSpot)],
      'nothing',
      ['worked', 'failed'],
    ],
    ['the last launch found no On-Demand capacity', [launch(60, noOnDemand)], 'on-demand', []],
    ['the last launch failed for another reason', [launch(60, 'The image does not exist')], 'nothing', []],
  ])('of a group that is short where %s', async (_, launches, lacks, kinds) => {
    const found = await stockOf(['InService', 'Terminating:Wait', 'Standby'], launches);
    expect(found).toMatchObject({ stock: { presentCount: 1, isShort: true, lacks }, kinds });
  });

  it('takes whatever capacity a group does not find that buys in one market alone for its own', async () => {
    const found = await stockOf([], [launch(60, noOnDemand)], 'closed', false);
    expect(found).toMatchObject({ kinds: ['failed', 'failed'], stock: { lacks: 'on-demand' } });
  });

  it('opens a breaker within two minutes also where Auto Scaling tries once in ten', async () => {
    const first = await stockOf([], [launch(29, noSpot)]);
    const once = advance(freshBreaker, first.signals, now);
    expect(once.state).toBe('closed');
    const second = await stockOf([], [launch(89, noSpot)]);
    const later = second.signals.map((signal) => ({ ...signal, at: new Date(signal.at.getTime() + 60_000) }));
    expect(advance(once, later, ago(-60)).state).toBe('open');
  });
});
