import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leafMatcher } from '../../../../simulator/cloud/events/matcher.ts';

const refusal = (where: string, expected: string, got: unknown) =>
  Object.assign(new Error(`${where}: expected ${expected}, got ${JSON.stringify(got)}`), {
    code: 'refused',
    status: 400,
  });
const accepts = (entry: unknown, leaf: unknown) => {
  const matcher = leafMatcher(entry, 'entry', refusal);
  return matcher === 'absent' ? undefined : matcher(leaf);
};

// The examples of https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html and the
// cases around them.
describe('operators', () => {
  it.each([
    [{ prefix: 'eu-' }, 'eu-west-1', true],
    [{ prefix: 'eu-' }, 'EU-west-1', false],
    [{ prefix: '' }, '', true],
    [{ prefix: '' }, 1, false],
    [{ prefix: { 'equals-ignore-case': 'EU-' } }, 'eu-west-1', true],
    [{ prefix: { 'equals-ignore-case': 'EU-' } }, 'us-east-1', false],
    [{ suffix: '.png' }, 'a.png', true],
    [{ suffix: '.png' }, 'a.pngx', false],
    [{ suffix: { 'equals-ignore-case': '.png' } }, 'a.PNG', true],
    [{ 'equals-ignore-case': 'alice' }, 'ALICE', true],
    [{ 'equals-ignore-case': 'alice' }, 'ALICES', false],
    [{ wildcard: 'arn:aws:ecs:*:*:cluster/prod-*' }, 'arn:aws:ecs:eu-west-1:1:cluster/prod-a', true],
    [{ wildcard: 'arn:aws:ecs:*:*:cluster/prod-*' }, 'arn:aws:ecs:eu-west-1:1:cluster/test-a', false],
    [{ wildcard: 'a*b*c' }, 'abc', true],
    [{ wildcard: 'a*b*c' }, 'acb', false],
    [{ wildcard: 'ab*ba' }, 'aba', false],
    [{ wildcard: '*a*' }, 'ab', true],
    [{ wildcard: '*' }, '', true],
    [{ wildcard: 'a' }, 'a', true],
    [{ wildcard: 'a' }, 'ab', false],
    [{ wildcard: 'a\\*b' }, 'a*b', true],
    [{ wildcard: 'a\\*b' }, 'axb', false],
    [{ wildcard: 'a\\\\*' }, 'a\\b', true],
    [{ wildcard: '*' }, 1, false],
    [{ 'anything-but': 'x' }, 'y', true],
    [{ 'anything-but': 'x' }, 'x', false],
    [{ 'anything-but': 1 }, 2, true],
    [{ 'anything-but': [1, 2] }, 2, false],
    [{ 'anything-but': ['x', 'y'] }, 'y', false],
    [{ 'anything-but': ['1'] }, 1, true],
    [{ 'anything-but': { prefix: 'init' } }, 'initial', false],
    [{ 'anything-but': { prefix: 'init' } }, 'x', true],
    [{ 'anything-but': { prefix: ['i', 'j'] } }, 'jo', false],
    [{ 'anything-but': { suffix: '.txt' } }, 'a.txt', false],
    [{ 'anything-but': { suffix: ['.txt', '.png'] } }, 'a.jpg', true],
    [{ 'anything-but': { 'equals-ignore-case': 'X' } }, 'x', false],
    [{ 'anything-but': { 'equals-ignore-case': ['X', 'Y'] } }, 'z', true],
    [{ 'anything-but': { wildcard: '*/lib/*' } }, 'a/lib/b', false],
    [{ 'anything-but': { wildcard: ['*/lib/*', '*/bin/*'] } }, 'a/src/b', true],
    [{ 'anything-but': { prefix: 'x' } }, 5, true],
    [{ numeric: ['=', 3.018e2] }, 301.8, true],
    [{ numeric: ['=', 5] }, 5.0000001, false],
    [{ numeric: ['<', 10] }, 10, false],
    [{ numeric: ['<=', 10] }, 10, true],
    [{ numeric: ['>', 10] }, 10, false],
    [{ numeric: ['>=', 10] }, 10, true],
    [{ numeric: ['>', 0, '<=', 5] }, 0, false],
    [{ numeric: ['>', 0, '<=', 5] }, 5, true],
    [{ numeric: ['>=', 0, '<', 5] }, 0, true],
    [{ numeric: ['>=', 0, '<', 5] }, 5, false],
    [{ numeric: ['>', 0, '<=', 5e9] }, 5e9, true],
    [{ numeric: ['>', 0] }, 6e9, false],
    [{ numeric: ['>', 0] }, null, false],
    [{ cidr: '10.0.0.0/24' }, '10.0.0.255', true],
    [{ cidr: '10.0.0.0/24' }, '10.0.1.0', false],
    [{ cidr: '10.0.0.0/24' }, 'ten', false],
    [{ cidr: '10.0.0.9/24' }, '10.0.0.8', false],
    [{ cidr: '10.0.0.9/24' }, '10.0.0.9', true],
    [{ cidr: '2001:db8::/32' }, '2001:db8::1', true],
    [{ cidr: '2001:db8::/32' }, '2001:db9::1', false],
    [{ cidr: '2001:db8::/32' }, '10.0.0.1', false],
    ['10.0.0.1', '10.0.0.1', true],
    ['10.0.0.1', '10.0.0.2', false],
    ['2001:db8::1', '2001:0db8:0:0:0:0:0:1', true],
    [false, false, true],
    [false, null, false],
    [300, 300, true],
    [{ exists: true }, '', true],
  ])('%j on %j: %s', (entry, leaf, answer) => {
    expect(accepts(entry, leaf)).toBe(answer);
  });

  it('leaves exists false to whoever looks for the field', () => {
    expect(leafMatcher({ exists: false }, 'entry', refusal)).toBe('absent');
  });

  it('finds in a wildcard what a regular expression finds', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 });
    const pieces = fc.array(fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 2 }), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(pieces, text, (parts, leaf) => {
        expect(accepts({ wildcard: parts.join('*') }, leaf)).toBe(
          new RegExp(`^${parts.join('.*')}$`).test(leaf),
        );
      }),
    );
  });
});

describe('refusals', () => {
  it.each([
    [{ prefix: 1 }, 'entry.prefix: expected a string, got 1'],
    [{ prefix: { suffix: 'x' } }, 'entry.prefix.suffix: expected equals-ignore-case'],
    [{ suffix: null }, 'entry.suffix: expected a string'],
    [{ 'equals-ignore-case': ['x'] }, 'entry.equals-ignore-case: expected a string'],
    [{ wildcard: 'a**b' }, 'no two * in a row'],
    [{ wildcard: 'a\\b' }, '* or \\ after a backslash'],
    [{ wildcard: 'a\\' }, '* or \\ after a backslash'],
    [{ 'anything-but': [] }, 'a list of only strings or only numbers'],
    [{ 'anything-but': ['x', 1] }, 'a list of only strings or only numbers'],
    [{ 'anything-but': true }, 'a list of only strings or only numbers'],
    [{ 'anything-but': { prefix: '' } }, 'strings that are not empty'],
    [{ 'anything-but': { prefix: [] } }, 'a non-empty list'],
    [{ 'anything-but': { prefix: [1] } }, 'strings that are not empty'],
    [{ 'anything-but': { numeric: ['=', 1] } }, 'prefix, suffix, equals-ignore-case or wildcard'],
    [{ numeric: 5 }, '[operator, number]'],
    [{ numeric: ['=', '5'] }, 'numbers between'],
    [{ numeric: ['=='] }, '[operator, number]'],
    [{ numeric: ['!', 5] }, '[operator, number]'],
    [{ numeric: ['=', 5, '<', 6] }, '[operator, number]'],
    [{ numeric: ['<', 5, '>', 1] }, '[operator, number]'],
    [{ numeric: ['>', 5, '<'] }, '[operator, number]'],
    [{ numeric: ['>', 5, '<', 5] }, 'the bottom to be less than the top'],
    [{ numeric: ['>', 5e9 + 1] }, 'numbers between'],
    [{ numeric: ['>', 0, '<', 5e9 + 1] }, 'numbers between'],
    [{ exists: 'true' }, 'true or false'],
    [{ cidr: '10.0.0.0' }, 'an address and a mask'],
    [{ cidr: '10.0.0.0/32' }, 'an address and a mask'],
    [{ cidr: '::/128' }, 'an address and a mask'],
    [{ cidr: 'host/8' }, 'an address and a mask'],
    [{}, 'an object with one operator'],
  ])('%j', (entry, why) => {
    expect(() => leafMatcher(entry, 'entry', refusal)).toThrow(why);
  });
});
