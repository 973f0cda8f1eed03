import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { plain } from '../../demo/colours.ts';
import { Screen } from '../../demo/screen.ts';

/** A screen with a clock set by hand; `shown()` is everything that was written to it. */
function screenOn(terminal: { isTTY?: boolean; columns?: number; rows?: number }) {
  const out = Object.assign(new PassThrough({ encoding: 'utf8' }), terminal);
  const clock = { now: 0 };
  let text = '';
  const shown = () => {
    text += out.read() ?? '';
    return text;
  };
  return { screen: new Screen(out, plain, () => clock.now), clock, shown };
}

describe('Screen', () => {
  it.each([
    ['a pipe', {}],
    ['a terminal that does not know its width', { isTTY: true, columns: 0 }],
  ])('shows on %s only the lines that were said', async (_name, terminal) => {
    const { screen, shown } = screenOn(terminal);
    await screen.during('packaging', async () => screen.status(() => 'under way'));
    screen.say('a line');
    screen.end();
    expect(screen.isLive).toBe(false);
    expect(shown()).toBe('packaging\na line\n');
  });

  it('draws on a terminal at most one status in 50 ms', () => {
    const { screen, clock, shown } = screenOn({ isTTY: true, columns: 100, rows: 40 });
    for (clock.now = 0; clock.now < 1000; clock.now++) screen.status(() => `status ${clock.now}.`);
    const drawn = [...shown().matchAll(/status (\d+)\./g)].map(([, at]) => Number(at));
    expect(drawn).toEqual(Array.from({ length: 20 }, (_, i) => 50 * i));
  });

  it('draws a status of several lines, each cut to the width, on a terminal of unknown height too', () => {
    const { screen, shown } = screenOn({ isTTY: true, columns: 10, rows: 0 });
    screen.status(() => 'first line\nsecond line');
    expect(shown()).toContain('first lin');
    expect(shown()).toContain('second li');
    expect(shown()).not.toContain('line');
  });

  it('tells on a terminal how long it has taken so far, and keeps how long it took', async () => {
    const { screen, clock, shown } = screenOn({ isTTY: true, columns: 100, rows: 40 });
    await screen.during('packaging', async () => {
      expect(shown()).toContain('- packaging  0.0 s');
      clock.now = 3400;
    });
    expect(shown()).toMatch(/packaging {2}3\.4 s[^\n]*\n$/);
  });
});
