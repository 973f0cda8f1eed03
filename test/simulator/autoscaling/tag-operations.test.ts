import type { TagDescription } from '@aws-sdk/client-auto-scaling';
import { describe, expect, it } from 'vitest';
import { type Scene, tagged } from './scene.ts';

describe('tags', () => {
  const tags = (scene: Scene, input: Record<string, unknown> = {}) =>
    scene.call<{ Tags: TagDescription[] }>('DescribeTags', input).Tags;
  const tag = (ResourceId: string, Key: string, Value?: string) => ({
    ResourceId,
    ResourceType: 'auto-scaling-group',
    Key,
    Value,
  });

  it('are created, replaced and deleted by key', () => {
    const scene = tagged({ one: { a: '1' }, two: {} });
    scene.call('CreateOrUpdateTags', {
      Tags: [tag('one', 'a', '2'), tag('one', 'b', '3'), tag('two', 'a', '4')],
    });
    expect(tags(scene).map(({ ResourceId, Key, Value }) => `${ResourceId} ${Key} ${Value}`)).toEqual([
      'one a 2',
      'one b 3',
      'two a 4',
    ]);
    scene.call('DeleteTags', { Tags: [tag('one', 'a'), tag('two', 'no')] });
    expect(tags(scene).map(({ Key }) => Key)).toEqual(['b', 'a']);
    expect(scene.describe('one').Tags).toEqual([{ ...tag('one', 'b', '3'), PropagateAtLaunch: false }]);
  });

  it.each([
    ['auto-scaling-group', ['two'], ['two x']],
    ['key', ['a'], ['one a']],
    ['value', ['1', '2'], ['one a', 'two x']],
    ['propagate-at-launch', ['false'], []],
  ])('are found by %s', (Name, Values, expected) => {
    const scene = tagged({ one: { a: '1', b: '3' }, two: { x: '2' } });
    const found = tags(scene, { Filters: [{ Name, Values }] });
    expect(found.map(({ ResourceId, Key }) => `${ResourceId} ${Key}`)).toEqual(expected);
  });

  it.each([
    [
      'an unknown group',
      [tag('one', 'a', '9'), tag('no', 'a', '1')],
      'ValidationError',
      'AutoScaling Group no not found',
    ],
    ['a reserved key', [tag('one', 'aws:x', '1')], 'ValidationError', 'reserved'],
    ['a key that is too long', [tag('one', 'k'.repeat(129), '1')], 'ValidationError', '128'],
    ['a value that is too long', [tag('one', 'k', 'v'.repeat(257))], 'ValidationError', '256'],
    [
      'another type',
      [{ ...tag('one', 'k', 'v'), ResourceType: 'instance' }],
      'ValidationError',
      'resourceType',
    ],
    [
      'more than 50',
      Array.from({ length: 50 }, (_, n) => tag('one', `k${n}`, 'v')),
      'LimitExceeded',
      '50 tags',
    ],
  ])('refuse %s and leave everything as it was', (_, Tags, code, message) => {
    const scene = tagged({ one: { a: '1' } });
    expect(() => scene.call('CreateOrUpdateTags', { Tags })).toThrow(expect.objectContaining({ code }));
    expect(() => scene.call('CreateOrUpdateTags', { Tags })).toThrow(message);
    expect(tags(scene)).toHaveLength(1);
    expect(tags(scene)[0]?.Value).toBe('1');
  });
});
