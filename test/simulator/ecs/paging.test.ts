import { describe, expect, it } from 'vitest';
import { onFargate, providers } from './fleet.ts';
import { inVpc, type Scene, startAt } from './scene.ts';

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
  it('gives 100,000 tasks completely and once, in seconds, while others come and go (D-9.66)', () => {
    const scene = providers();
    crowd(scene, 100_000);
    const there = new Set(scene.ecs.taskRecords().map(({ taskArn }) => taskArn));
    const startedAt = performance.now();
    const found: string[] = [];
    const gone = new Set<string>();
    let nextToken: string | undefined;
    let page = 0;
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
    const seconds = (performance.now() - startedAt) / 1000;
    expect(new Set(found).size).toBe(found.length);
    const listed = new Set(found);
    expect([...there].filter((arn) => !listed.has(arn) && !gone.has(arn))).toEqual([]);
    expect(page).toBeGreaterThanOrEqual(1000);
    expect(seconds).toBeLessThan(20);
  });
});
