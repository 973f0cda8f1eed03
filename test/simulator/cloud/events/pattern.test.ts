import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePattern } from '../../../../simulator/cloud/events/pattern.ts';

const matches = (pattern: unknown, event: Record<string, unknown>) => compilePattern(pattern)(event);
const fieldMatches = (entry: unknown, leaf: unknown) => matches({ a: [entry] }, { a: leaf });

// Pairs that AWS's own matcher (github.com/aws/event-ruler) was asked.
describe('what AWS answers', () => {
  it.each([
    ['anything-but on a missing field', { a: [{ 'anything-but': ['x'] }] }, {}, false],
    ['anything-but where one element differs', { a: [{ 'anything-but': ['x'] }] }, { a: ['x', 'y'] }, true],
    ['anything-but on null', { a: [{ 'anything-but': ['x'] }] }, { a: null }, true],
    [
      'anything-but a list of prefixes',
      { a: [{ 'anything-but': { prefix: ['i', 'j'] } }] },
      { a: 'k' },
      true,
    ],
    ['exists false on a missing field', { a: [{ exists: false }] }, {}, true],
    ['exists false on a field that is no leaf', { a: [{ exists: false }] }, { a: { c: 1 } }, true],
    ['exists false on an empty list', { a: [{ exists: false }] }, { a: [] }, true],
    ['exists true on null', { a: [{ exists: true }] }, { a: null }, true],
    ['exists true on an empty list', { a: [{ exists: true }] }, { a: [] }, false],
    ['null on null', { a: [null] }, { a: null }, true],
    ['1 on 1.0', { a: [1] }, JSON.parse('{"a":1.0}'), true],
    ['"1" on 1', { a: ['1'] }, { a: 1 }, false],
    ['numeric on "5"', { a: [{ numeric: ['=', 5] }] }, { a: '5' }, false],
    ['true on true', { a: [true] }, { a: true }, true],
    ['a suffix on one element of a list', { a: [{ suffix: 'z' }] }, { a: ['x', 'yz'] }, true],
    ['an exact value on one element of a list', { a: ['y'] }, { a: ['x', 'y'] }, true],
    ['exists true or a value', { a: [{ exists: true }, 'x'] }, { a: 'y' }, true],
    [
      'two fields in one element of a list',
      { d: { l: { x: [1], y: [2] } } },
      { d: { l: [{ x: 0 }, { x: 1, y: 2 }] } },
      true,
    ],
    [
      'two fields in different elements of a list',
      { d: { l: { x: [1], y: [2] } } },
      { d: { l: [{ x: 1 }, { y: 2 }] } },
      false,
    ],
  ])('%s', (_, pattern, event, answer) => {
    expect(matches(pattern, event)).toBe(answer);
  });

  it.each([
    ['anything-but null', { a: [{ 'anything-but': [null] }] }, '$.a[0].anything-but'],
    ['an empty list', { a: [] }, '$.a: expected a non-empty array'],
    ['$or with one branch', { $or: [{ a: [1] }] }, '$.$or: expected an array of at least 2 objects'],
    [
      '$or over more than objects',
      { $or: [{ a: [1] }, 'b'] },
      '$.$or: expected an array of at least 2 objects',
    ],
  ])('refuses %s', (_, pattern, why) => {
    expect(() => compilePattern(pattern)).toThrow(why);
  });
});

describe('paths', () => {
  it.each([
    ['a name that begins with another name', { 'detail-type': ['x'] }, { detail: { type: 'x' } }, false],
    ['a leaf where the pattern goes deeper', { a: { b: [{ exists: true }] } }, { a: 1 }, false],
    ['an object where the pattern ends', { a: [{ exists: true }] }, { a: { b: 1 } }, false],
    ['a field that is undefined', { a: [{ exists: true }] }, { a: undefined }, false],
    ['a name with a dot in it', { a: { b: ['x'] } }, { 'a.b': 'x' }, true],
    ['a leaf and an object in one list', { l: ['x'], 'l.y': [1] }, { l: ['x', { y: 1 }] }, true],
  ])('%s', (_, pattern, event, answer) => {
    expect(matches(pattern, event)).toBe(answer);
  });
});

describe('$or', () => {
  const pattern = {
    source: ['aws.ecs'],
    detail: { clusterArn: [{ prefix: 'arn:' }] },
    $or: [{ detail: { status: ['DRAINING'], n: [0] } }, { detail: { agentConnected: [false] } }],
  };
  const event = (detail: Record<string, unknown>) => ({
    source: 'aws.ecs',
    detail: { clusterArn: 'arn:x', ...detail },
  });

  it.each([
    ['the first branch', event({ status: 'DRAINING', n: 0 }), true],
    ['half of the first branch', event({ status: 'DRAINING', n: 1 }), false],
    ['the second branch', event({ agentConnected: false }), true],
    [
      'a branch without what stands beside it',
      { source: 'aws.ecs', detail: { agentConnected: false } },
      false,
    ],
    ['no branch', event({}), false],
  ])('answers for %s', (_, value, answer) => {
    expect(matches(pattern, value)).toBe(answer);
  });

  it('can stand inside another', () => {
    const nested = { $or: [{ a: [1] }, { b: { $or: [{ c: [1] }, { d: [1] }] } }] };
    expect(
      [{ a: 1 }, { b: { c: 1 } }, { b: { d: 1 } }, { b: { e: 1 } }].map((value) => matches(nested, value)),
    ).toEqual([true, true, true, false]);
  });

  it('refuses a field constrained inside and beside it, of which AWS would forget one', () => {
    expect(() => compilePattern({ a: [1], $or: [{ a: [2] }, { b: [1] }] })).toThrow('a a second time');
  });

  it('refuses a reserved name inside it', () => {
    expect(() => compilePattern({ $or: [{ prefix: ['x'] }, { b: [1] }] })).toThrow('reserved inside $or');
    expect(matches({ prefix: ['x'] }, { prefix: 'x' })).toBe(true);
  });

  it('refuses more than 1000 combinations', () => {
    const or = (name: string, count: number) =>
      Array.from({ length: count }, (_, index) => ({ [name]: [index] }));
    const of = (count: number) => ({
      a: { $or: or('x', 10) },
      b: { $or: or('y', 10) },
      c: { $or: or('z', count) },
    });
    expect(compilePattern(of(10))({ a: { x: 9 }, b: { y: 9 }, c: { z: 9 } })).toBe(true);
    expect(() => compilePattern(of(11))).toThrow('at most 1000 combinations');
  });
});

describe('array consistency', () => {
  const lacksY = { l: { x: [1], y: [{ exists: false }] } };

  it.each([
    ['the element chosen before lacks the field', { l: [{ x: 1 }, { y: 2 }] }, true],
    ['the element chosen before has the field', { l: [{ x: 1, y: 2 }, { x: 0 }] }, false],
    ['another element that fits lacks it', { l: [{ x: 1, y: 2 }, { x: 1 }] }, true],
  ])('lets exists false look only at that element: %s', (_, event, answer) => {
    expect(matches(lacksY, event)).toBe(answer);
  });

  it('looks at every element for an exists false that comes before, as AWS does', () => {
    expect(matches({ l: { a: [{ exists: false }], x: [1] } }, { l: [{ a: 1 }, { x: 1 }] })).toBe(false);
  });

  it('holds for lists in lists', () => {
    const pattern = { l: { m: { x: [1], y: [1] }, z: [1] } };
    expect(matches(pattern, { l: [{ m: [{ x: 1 }, { x: 1, y: 1 }], z: 1 }] })).toBe(true);
    expect(matches(pattern, { l: [{ m: [{ x: 1 }, { y: 1 }], z: 1 }] })).toBe(false);
    expect(matches(pattern, { l: [{ m: [{ x: 1, y: 1 }] }, { z: 1 }] })).toBe(false);
    expect(matches({ l: { x: [1], y: [1] } }, { l: [[{ x: 1 }], [{ y: 1 }]] })).toBe(false);
    expect(matches({ l: { x: [1], y: [1] } }, { l: [[{ x: 1, y: 1 }], []] })).toBe(true);
  });

  it('does not bind fields of different lists to each other', () => {
    expect(matches({ l: { x: [1] }, m: { x: [1] } }, { l: [{ x: 0 }, { x: 1 }], m: [{ x: 1 }] })).toBe(true);
  });
});

describe('refusals', () => {
  it.each([
    ['no object', 'source', '$: expected a JSON object, got source'],
    ['an empty object', {}, '$: expected at least one field'],
    ['an empty object inside', { a: {} }, '$.a: expected at least one field'],
    ['a bare value', { a: { b: 'x' } }, '$.a.b: expected an object or an array, got x'],
    ['a list in a list', { a: [['x']] }, '$.a[0]: expected a string, number, true, false, null'],
    ['an unknown operator', { a: [{ starts: 'x' }] }, '$.a[0].starts: expected an operator'],
    ['the name of a method of objects', { a: [{ toString: 'x' }] }, '$.a[0].toString: expected an operator'],
    [
      'two operators in one object',
      { a: [{ prefix: 'x', suffix: 'y' }] },
      '$.a[0]: expected an object with one operator',
    ],
  ])('names the place: %s', (_, pattern, why) => {
    expect(() => compilePattern(pattern)).toThrow(why);
  });

  it('are InvalidEventPatternException', () => {
    expect(() => compilePattern([])).toThrow(
      expect.objectContaining({ code: 'InvalidEventPatternException' }),
    );
  });

  it('refuses more than 2048 characters (D-5.22)', () => {
    const ofLength = (length: number) => ({ a: ['x'.repeat(length - '{"a":[""]}'.length)] });
    expect(matches(ofLength(2048), { a: 'y' })).toBe(false);
    expect(() => compilePattern(ofLength(2049))).toThrow('at most 2048 characters, got 2049');
  });
});

describe('laws', () => {
  const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
  const name = fc.stringMatching(/^[a-z]{1,4}$/);
  const event = fc.dictionary(name, fc.oneof(leaf, fc.dictionary(name, leaf, { minKeys: 1 })), {
    minKeys: 1,
  });
  const asPattern = (node: Record<string, unknown>): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(node).map(([key, value]) => [
        key,
        typeof value === 'object' && value !== null ? asPattern(value as Record<string, unknown>) : [value],
      ]),
    );

  it('a pattern made from an event matches it', () => {
    fc.assert(fc.property(event, (value) => matches(asPattern(value), value)));
  });

  it('the order of the keys does not matter', () => {
    const turned = (node: unknown): unknown =>
      typeof node === 'object' && node !== null && !Array.isArray(node)
        ? Object.fromEntries(
            Object.entries(node)
              .reverse()
              .map(([key, value]) => [key, turned(value)]),
          )
        : node;
    fc.assert(
      fc.property(event, event, (one, other) => {
        const answer = matches(asPattern(one), other);
        expect(matches(turned(asPattern(one)), other)).toBe(answer);
        expect(matches(asPattern(one), turned(other) as Record<string, unknown>)).toBe(answer);
      }),
    );
  });

  it('anything-but is the complement of exact where the field has one value', () => {
    const value = fc.oneof(fc.constantFrom('x', 'y', 'xx', ''), fc.integer({ min: 0, max: 3 }));
    fc.assert(
      fc.property(value, fc.oneof(value, fc.constantFrom(null, true)), (wanted, actual) => {
        expect(fieldMatches({ 'anything-but': wanted }, actual)).toBe(!fieldMatches(wanted, actual));
        expect(fieldMatches({ 'anything-but': [wanted] }, actual)).toBe(!fieldMatches(wanted, actual));
      }),
    );
  });

  it('exists true and exists false never agree', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const there = fieldMatches({ exists: true }, value);
        expect(fieldMatches({ exists: false }, value)).toBe(!there);
      }),
    );
  });

  it('no event makes a pattern fail', () => {
    const pattern = {
      a: [{ 'anything-but': { wildcard: 'a*b' } }, { numeric: ['>', 1] }, { cidr: '10.0.0.0/8' }],
      b: { c: [{ exists: false }], d: [{ prefix: '' }, null] },
      $or: [{ e: [1] }, { f: [{ suffix: 'x' }] }],
    };
    const accepts = compilePattern(pattern);
    const json = fc.dictionary(
      fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', '__proto__', ''),
      fc.jsonValue(),
    );
    fc.assert(fc.property(json, (value) => typeof accepts(value) === 'boolean'));
  });
});
