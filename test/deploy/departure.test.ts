import { expect, it } from 'vitest';
import { service } from './service.ts';
import { Shop } from './shop.ts';

const minutes = 60_000;

it(
  'in the middle of a departure sls deploys a change, which loses nothing, and does not remove the service, and says why; then it does',
  async () => {
    const here = await service();
    const { sls, edit, control } = here;
    expect(await sls('deploy')).toMatchObject({ code: 0 });
    const shop = await Shop.open(here);
    expect(await shop.hooks()).toEqual(['ecs-steward-terminate']);
    const leaving = await shop.terminate();
    expect(leaving.tasks.length).toBeGreaterThan(0);
    await control('advance', { seconds: 10 });

    edit('serverless.yml', 'logLevel: INFO', 'logLevel: DEBUG');
    edit('lib/complete.ts', "'decided'", "'has decided'");
    const changed = await sls('deploy');
    expect(changed.output).toContain('Service deployed to stack ecs-steward-prod');

    const refused = await sls('remove');
    expect(refused.code).toBe(1);
    expect(refused.output).toContain('DELETE_FAILED: Uninstall (Custom::EcsStewardUninstall)');
    expect(refused.output).toMatch(/1 instance waits .* Remove the stack again when it has left/);
    expect(refused.output).toContain('ecs-steward:uninstall = force');
    expect(refused.output).toContain(`Waiting: ${leaving.instanceId} in shop-nodes`);

    await control('advance', { seconds: 200 });
    // The functions that run are those of the package that was deployed last.
    expect(JSON.stringify(await control('events?kind=log&limit=10000'))).toContain('has decided');
    const { exitCodes, completedAfterSeconds } = await shop.departure(leaving);
    expect(exitCodes).toEqual(leaving.tasks.map(() => 0));
    expect(completedAfterSeconds).toHaveLength(1);
    expect(completedAfterSeconds[0]).toBeGreaterThanOrEqual(0);
    expect(completedAfterSeconds[0]).toBeLessThan(3);

    const removed = await sls('remove');
    expect(removed.output).toContain('Service ecs-steward has been successfully removed');
    expect(removed.code).toBe(0);
    expect(await shop.hooks()).toEqual([]);
  },
  4 * minutes,
);

it(
  'sls removes the service in the middle of a departure where the group is forced, and the instance goes at once',
  async () => {
    const here = await service();
    expect(await here.sls('deploy')).toMatchObject({ code: 0 });
    const shop = await Shop.open(here);
    const { instanceId } = await shop.terminate();
    await here.control('advance', { seconds: 10 });
    await shop.tag('ecs-steward:uninstall', 'force');
    const removed = await here.sls('remove');
    expect(removed.output).toContain('Service ecs-steward has been successfully removed');
    expect(removed.code).toBe(0);
    expect(await shop.hooks()).toEqual([]);
    await here.control('advance', { seconds: 60 });
    expect(await shop.stateOf(instanceId)).toBe('terminated');
  },
  4 * minutes,
);
