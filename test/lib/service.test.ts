import { describe, expect, it } from 'vitest';
import { complaintsOf, leewayOf, type ServiceMessage } from '../../lib/service.ts';
import { service } from './blockers-scene.ts';
import { at } from './fixtures.ts';

describe('leewayOf', () => {
  it.each([
    // D-2.23: rounded up below, down above.
    [4, 100, 200, 4, 8],
    [2, 75, 200, 2, 4],
    [3, 100, 125, 3, 3],
    [1, 100, 150, 1, 1],
    [4, 50, 100, 2, 4],
    [0, 100, 200, 0, 0],
  ])(
    'of %i tasks at %i and %i percent is at least %i and at most %i',
    (desiredCount, min, max, least, most) => {
      const wish = service({ desiredCount, minimumHealthyPercent: min, maximumPercent: max });
      expect(leewayOf(wish)).toEqual({ least, most });
    },
  );
});

describe('complaintsOf', () => {
  const message = (seconds: number, text: string): ServiceMessage => ({ at: at(seconds), text });
  const unplaced = (seconds: number) =>
    message(
      seconds,
      '(service web) was unable to place a task because no container instance met all of its requirements.',
    );
  const impaired = (seconds: number) =>
    message(seconds, '(service web) is unable to consistently start tasks successfully.');
  const started = (seconds: number) => message(seconds, '(service web) has started 1 tasks: (task 1).');
  const steady = (seconds: number) => message(seconds, '(service web) has reached a steady state.');

  it.each<[string, ServiceMessage[], ServiceMessage | undefined, ServiceMessage | undefined]>([
    ['nothing of nothing', [], undefined, undefined],
    ['that no place is found, hours ago (D-1.19)', [unplaced(-5 * 3600)], unplaced(-5 * 3600), undefined],
    ['that tasks do not start (D-2.39)', [impaired(-60)], undefined, impaired(-60)],
    ['both', [unplaced(-60), impaired(-90)], unplaced(-60), impaired(-90)],
    ['the newest, in whatever order they come', [unplaced(-90), unplaced(-60)], unplaced(-60), undefined],
    ['nothing that was before tasks were started', [started(-30), unplaced(-60)], undefined, undefined],
    ['nothing that was before the service was steady', [unplaced(-60), steady(-30)], undefined, undefined],
    ['what came after tasks were started', [unplaced(-10), started(-30)], unplaced(-10), undefined],
  ])('finds %s', (_, messages, isUnplaced, isImpaired) => {
    expect(complaintsOf(messages)).toEqual({ unplaced: isUnplaced, impaired: isImpaired });
  });
});
