import { describe, expect, it } from 'vitest';
import { coloursFor } from '../../demo/colours.ts';

describe('coloursFor', () => {
  it.each<[string, { isTTY?: boolean }, Record<string, string>, boolean]>([
    ['a terminal', { isTTY: true }, {}, true],
    ['a pipe', {}, {}, false],
    ['a pipe under CI', {}, { CI: 'true' }, false],
    ['a terminal that knows no colours', { isTTY: true }, { TERM: 'dumb' }, false],
    ['a terminal whose user wants none', { isTTY: true }, { NO_COLOR: '1' }, false],
    ['a terminal with an empty NO_COLOR', { isTTY: true }, { NO_COLOR: '' }, true],
    ['a pipe whose user wants them', {}, { FORCE_COLOR: '1' }, true],
    ['a terminal with FORCE_COLOR=0', { isTTY: true }, { FORCE_COLOR: '0' }, false],
    ['a user who wants both', {}, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
  ])('decides for %s', (_what, out, environment, hasColours) => {
    expect(coloursFor(out, environment).red('text')).toBe(hasColours ? '\u001b[31mtext\u001b[39m' : 'text');
  });
});
