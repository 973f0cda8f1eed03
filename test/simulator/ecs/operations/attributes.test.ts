import { describe, expect, it } from 'vitest';
import { code } from '../fault.ts';
import { Scene } from '../scene.ts';

function fleet(count: number) {
  const scene = new Scene();
  for (let number = 1; number <= count; number++) scene.instance(`i-${number}`);
  return scene;
}

describe('PutAttributes and DeleteAttributes', () => {
  const attribute = (scene: Scene, name: string, value?: string) => ({
    name,
    ...(value !== undefined && { value }),
    targetType: 'container-instance',
    targetId: scene.idOf('i-1'),
  });
  const put = (scene: Scene, ...attributes: unknown[]) => scene.call('PutAttributes', { attributes });
  const custom = (scene: Scene) =>
    (scene.describe('i-1').attributes as { name: string }[]).filter(({ name }) => !/^(ecs|com)\./.test(name));

  it('create, replace and delete (D-9.7)', () => {
    const scene = fleet(1);
    put(scene, attribute(scene, 'a', '1'), attribute(scene, 'b'));
    put(scene, attribute(scene, 'a', '2'));
    expect(custom(scene)).toEqual([{ name: 'b' }, { name: 'a', value: '2' }]);
    const attributes = [attribute(scene, 'a'), attribute(scene, 'never-there')];
    const deleted = scene.call('DeleteAttributes', { attributes }).attributes;
    expect(deleted).toEqual([
      { name: 'a', targetType: 'container-instance', targetId: scene.record('i-1').containerInstanceArn },
    ]);
    expect(custom(scene)).toEqual([{ name: 'b' }]);
  });

  it('keep at most ten on an instance and bring at most ten in a call (D-9.7, D-13.14)', () => {
    const scene = fleet(1);
    const many = (count: number, name: string) =>
      Array.from({ length: count }, (_, number) => attribute(scene, `${name}-${number}`));
    expect(code(() => put(scene, ...many(11, 'a')))).toContain('attributes can have at most 10 items.');
    put(scene, ...many(10, 'a'));
    put(scene, ...many(10, 'a'));
    expect(code(() => put(scene, attribute(scene, 'b')))).toContain('AttributeLimitExceededException');
    expect(custom(scene)).toHaveLength(10);
  });

  it.each([
    [{ name: 'with space' }, 'name: expected text like'],
    [{ name: 'x'.repeat(129) }, 'name: expected text like'],
    [{ name: 'a', value: ' padded' }, 'value: expected text like'],
    [{ name: 'a', value: 'Ü' }, 'value: expected text like'],
    [{ name: 'a', targetType: undefined }, 'targetType: expected container-instance'],
    [{ name: 'a', targetId: '0'.repeat(32) }, 'TargetNotFoundException'],
    [{ name: 'a', targetId: '' }, 'targetId cannot be blank.'],
  ])('refuse %j (D-9.7)', (more, message) => {
    const scene = fleet(1);
    const good = attribute(scene, 'good');
    expect(code(() => put(scene, good, { ...good, ...more }))).toContain(message);
    expect(custom(scene)).toEqual([]);
  });

  it('take a full ARN without targetType, and characters of times and causes (D-9.7)', () => {
    const scene = fleet(1);
    const targetId = scene.record('i-1').containerInstanceArn;
    put(scene, { name: 'ecs-steward.departure', value: '2026-05-04T12:00:00Z/termination', targetId });
    expect(custom(scene)).toHaveLength(1);
  });
});

describe('ListAttributes', () => {
  const targetType = 'container-instance';
  const list = (scene: Scene, input: Record<string, unknown> = {}) =>
    scene.call('ListAttributes', { targetType, ...input });

  function marked() {
    const scene = fleet(3);
    const put = (id: string, name: string, value: string) =>
      scene.call('PutAttributes', {
        attributes: [{ name, value, targetId: scene.record(id).containerInstanceArn }],
      });
    put('i-1', 'stack', 'production');
    put('i-2', 'stack', 'test');
    return scene;
  }

  it('lists each attribute of each instance, those of the agent too', () => {
    const scene = marked();
    const all = list(scene).attributes;
    const own = ['i-1', 'i-2', 'i-3'].flatMap((id) => scene.describe(id).attributes as unknown[]);
    expect(all).toHaveLength(own.length);
    expect(all).toContainEqual({
      name: 'ecs.os-type',
      value: 'linux',
      targetType,
      targetId: scene.record('i-3').containerInstanceArn,
    });
  });

  it('filters by name, and by value beside it; instances that are INACTIVE are left out', () => {
    const scene = marked();
    const targets = (input: Record<string, unknown>) =>
      list(scene, input).attributes.map(({ targetId }) => targetId);
    expect(targets({ attributeName: 'stack' })).toHaveLength(2);
    expect(targets({ attributeName: 'stack', attributeValue: 'test' })).toEqual([
      scene.record('i-2').containerInstanceArn,
    ]);
    scene.terminate('i-2');
    expect(targets({ attributeName: 'stack' })).toEqual([scene.record('i-1').containerInstanceArn]);
  });

  it('gives pages, each attribute once (D-9.66)', () => {
    const scene = marked();
    const seen: unknown[] = [];
    let nextToken: string | undefined;
    do {
      const page = list(scene, { maxResults: 4, nextToken });
      expect(page.attributes.length).toBeLessThanOrEqual(4);
      seen.push(...page.attributes);
      nextToken = page.nextToken;
    } while (nextToken !== undefined && seen.length < 1000);
    expect(seen).toEqual(list(scene).attributes);
  });

  it.each([
    [{ targetType: 'task' }, 'targetType should be one of [container-instance], got "task".'],
    [{ targetType: '' }, 'targetType should be one of [container-instance], got "".'],
    [{ attributeValue: 'test' }, 'attributeValue: expected an attributeName beside it.'],
    [{ attributeName: 'with space' }, 'attributeName: expected text like'],
    [{ maxResults: 101 }, 'maxResults: expected a whole number from 1 to 100, got 101.'],
    [{ nextToken: 'made-up' }, 'nextToken: expected a token of an earlier page of this list'],
  ])('refuses %j', (input, message) => {
    expect(code(() => list(fleet(1), input))).toContain(`InvalidParameterException: ${message}`);
  });
});
