import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rowsRead } from '../rows.ts';
import { code } from './fault.ts';
import { onFargate, providers } from './fleet.ts';
import { inVpc, Scene, startAt } from './scene.ts';

const list = (scene: Scene, input: Record<string, unknown> = {}) =>
  scene.call('ListContainerInstances', input);

function fleet(count: number) {
  const scene = new Scene({}, { instancesPerCluster: 2 * count + 100 });
  for (let number = 0; number < count; number++) scene.instance(`i-${number}`);
  return scene;
}

/** Reads a list to its end, which must come, `between` two pages each time. */
function all(scene: Scene, input: Record<string, unknown>, between = () => {}): string[] {
  const found: string[] = [];
  for (let token: string | undefined, page = 0; page === 0 || token !== undefined; page++) {
    const { containerInstanceArns, nextToken } = list(scene, { ...input, nextToken: token });
    found.push(...containerInstanceArns);
    token = nextToken;
    if (page > 1000) throw new Error('the list has no end');
    if (token !== undefined) between();
  }
  return found;
}

const arnsOf = (scene: Scene) =>
  scene.ecs
    .containerInstanceRecords()
    .filter(({ status }) => status !== 'INACTIVE')
    .map(({ containerInstanceArn }) => containerInstanceArn);

describe('a list read page by page', () => {
  it('has every instance that was there all the time, and none twice, whatever comes and goes (D-9.66)', () => {
    const change = fc.constantFrom('come', 'go', 'drain');
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 7 }),
        fc.array(fc.record({ change, which: fc.nat(29) }), { maxLength: 30 }),
        (maxResults, changes) => {
          const scene = fleet(25);
          const before = new Set(arnsOf(scene));
          const waiting = [...changes];
          const seen = all(scene, { maxResults }, () => {
            const next = waiting.shift();
            const known = scene.ecs.containerInstanceRecords()[next?.which ?? 0]?.ec2InstanceId ?? 'i-0';
            if (next?.change === 'come') scene.instance(`i-new-${waiting.length}`);
            if (next?.change === 'go') scene.terminate(known);
            if (next?.change === 'drain' && scene.record(known).status === 'ACTIVE') scene.drain(known);
          });
          expect(new Set(seen).size).toBe(seen.length);
          for (const arn of arnsOf(scene)) if (before.has(arn)) expect(seen).toContain(arn);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('has 10,000 instances, complete and without doubles, while a hundred come and go between its pages', () => {
    const scene = fleet(10_000);
    const before = arnsOf(scene);
    let next = 0;
    const seen = all(scene, {}, () => {
      for (const number of [next, 9_999 - next]) scene.terminate(`i-${number}`);
      scene.instance(`i-new-${next++}`);
    });
    expect(next).toBeGreaterThan(95);
    expect(new Set(seen).size).toBe(seen.length);
    const left = new Set(arnsOf(scene));
    const listed = new Set(seen);
    expect(before.filter((arn) => left.has(arn) && !listed.has(arn))).toEqual([]);
  });

  it('ends with its last entry: no token on a last page, full or not (D-9.66)', () => {
    const scene = fleet(4);
    expect(list(scene, { maxResults: 4 })).not.toHaveProperty('nextToken');
    const { nextToken } = list(scene, { maxResults: 2 });
    expect(list(scene, { maxResults: 2, nextToken })).not.toHaveProperty('nextToken');
    expect(list(new Scene())).toEqual({ containerInstanceArns: [] });
  });
});

describe('a token', () => {
  const scene = fleet(5);
  const filter = 'agentConnected == true';
  const { nextToken } = list(scene, { maxResults: 2, filter });

  it('is good for pages of another size', () => {
    expect(list(scene, { maxResults: 1, filter, nextToken }).containerInstanceArns).toHaveLength(1);
  });

  it.each([
    ['another filter', 'ListContainerInstances', { filter: 'agentConnected == false' }],
    ['another status', 'ListContainerInstances', { filter, status: 'DRAINING' }],
    ['another cluster', 'ListContainerInstances', { filter, cluster: 'other' }],
    ['another operation', 'ListAttributes', { targetType: 'container-instance' }],
  ])('of a list is not good for %s', (_, operation, input) => {
    scene.call('CreateCluster', { clusterName: 'other' });
    expect(code(() => scene.call(operation, { ...input, nextToken }))).toContain(
      'InvalidParameterException: nextToken: expected a token of an earlier page of this list, got',
    );
  });

  it('expires after a day', () => {
    const one = fleet(3);
    const token = list(one, { maxResults: 2 }).nextToken;
    one.pass(24 * 3600);
    expect(list(one, { nextToken: token }).containerInstanceArns).toHaveLength(1);
    one.pass(1);
    expect(code(() => list(one, { nextToken: token }))).toBe(
      'InvalidParameterException: nextToken: expired, expected one that is at most 24 hours old.',
    );
  });

  it.each(['', 'x', Buffer.from('[1,"0123456789abcdef","\\x"]').toString('base64url')])(
    'that is made up is refused: %j',
    (made) => {
      expect(code(() => list(scene, { nextToken: made }))).toContain('nextToken: expected a token of');
    },
  );
});

describe('the rows that a call reads', () => {
  const describeHundred = (scene: Scene) => {
    const containerInstances = arnsOf(scene).slice(-100);
    return rowsRead(() =>
      scene.call('DescribeContainerInstances', {
        containerInstances,
        include: ['TAGS', 'CONTAINER_INSTANCE_HEALTH'],
      }),
    );
  };

  it('are as many for 100 of 10,000 instances as for 100 of 100', async () => {
    const [small, large] = [await describeHundred(fleet(100)), await describeHundred(fleet(10_000))];
    expect(small).toBeGreaterThanOrEqual(100);
    expect(large).toBe(small);
  });

  it('are a fiftieth for a page from the middle of 10,000 instances of those for all of them', async () => {
    const scene = fleet(10_000);
    let nextToken: string | undefined;
    for (let page = 0; page < 50; page++) nextToken = list(scene, { nextToken }).nextToken;
    const page = await rowsRead(() => list(scene, { nextToken }));
    expect(page).toBeGreaterThanOrEqual(100);
    expect(page).toBeLessThan((await rowsRead(() => all(scene, {}))) / 50);
  });
});

/** So many tasks that take their time to start. */
function crowd(scene: Scene, count: number): void {
  scene.definition('slow', { 'start-seconds': 1_000_000 }, {}, onFargate);
  runs(scene, count / 10);
}
function runs(scene: Scene, calls: number, count = 10): void {
  const input = { cluster: 'demo', taskDefinition: 'slow', ...inVpc, launchType: 'FARGATE', count };
  const now = startAt + scene.seconds * 1000;
  const call = { operation: 'RunTask', input, viewAt: now };
  const caller = { principalArn: 'arn:aws:iam::111122223333:root', client: 'test' };
  for (let number = 0; number < calls; number++) scene.ecs.apply(now, { ...call, caller });
}

describe('ListTasks', () => {
  it('gives 100,000 tasks completely and once, each row read a few times, while others come and go (D-9.66)', async () => {
    const scene = providers();
    crowd(scene, 100_000);
    const there = new Set(scene.ecs.taskRecords().map(({ taskArn }) => taskArn));
    const found: string[] = [];
    const gone = new Set<string>();
    let page = 0;
    const rows = await rowsRead(() => {
      let nextToken: string | undefined;
      do {
        const reply = scene.call('ListTasks', { nextToken });
        found.push(...reply.taskArns);
        nextToken = reply.nextToken;
        page++;
        if (page % 10 > 0) continue;
        runs(scene, 1, 2);
        const last = reply.taskArns.at(-1) ?? '';
        gone.add(last);
        scene.call('StopTask', { task: last });
      } while (nextToken);
    });
    expect(new Set(found).size).toBe(found.length);
    const listed = new Set(found);
    expect([...there].filter((arn) => !listed.has(arn) && !gone.has(arn))).toEqual([]);
    expect(page).toBeGreaterThanOrEqual(1000);
    expect(rows).toBeLessThan(5 * found.length);
  });
});
