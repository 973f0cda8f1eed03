import { afterEach, describe, expect, it } from 'vitest';
import { Scene } from './scene.ts';

let scene: Scene | undefined;

afterEach(async () => {
  await scene?.server.stop();
  scene = undefined;
});

describe('faults by chance', () => {
  it.each([
    ['duplicate', (here: Scene) => here.account.bus.faults.duplicate],
    ['othersShare', (here: Scene) => here.account.endpoint.faults.othersShare],
    ['refusalProbability', (here: Scene) => here.account.endpoint.faults.refusalProbability],
    ['failureProbability', (here: Scene) => here.account.ecs.partialFaults.failureProbability],
    ['crashProbability', (here: Scene) => here.account.lambda.faults.crashProbability],
    ['redeliverProbability', (here: Scene) => here.account.sqs.faults.redeliverProbability],
    ['reorderProbability', (here: Scene) => here.account.sqs.faults.reorderProbability],
    ['impairmentsPerHour', (here: Scene) => here.account.impairments.faults.impairmentsPerHour],
    ['meddlesPerHour', (here: Scene) => here.account.meddling.faults.meddlesPerHour],
  ] as const)('set %s where it lies, and end with the account', async (name, read) => {
    scene = await Scene.open();
    expect(await scene.control('faults', { [name]: 1 })).toMatchObject({ [name]: 1 });
    expect(read(scene)).toBe(1);
    await scene.control('reset', {});
    expect(await scene.control('faults')).toMatchObject({ [name]: 0 });
    expect(read(scene)).toBe(0);
  });

  it('throttle whoever calls over the wire, until they are switched off', async () => {
    scene = await Scene.open();
    expect(await scene.control('faults', { throttle: true })).toMatchObject({ throttle: true });
    expect(scene.account.endpoint.faults.isThrottled).toBe(true);
    expect(await scene.control('faults', { throttle: null })).toMatchObject({ throttle: false });
    expect(scene.account.endpoint.faults.isThrottled).toBe(false);
  });

  it('answer what is named with a failure, so many times, until they are switched off (D-2.15b)', async () => {
    scene = await Scene.open();
    const { account } = scene;
    account.call('ecs', 'CreateCluster', { clusterName: 'demo' });
    const containerDefinitions = [{ name: 'app', image: 'app:1', memory: 64 }];
    account.call('ecs', 'RegisterTaskDefinition', { family: 'web', containerDefinitions });
    const service = { cluster: 'demo', serviceName: 'web', taskDefinition: 'web', desiredCount: 0 };
    account.call('ecs', 'CreateService', service);
    const fail = [{ operation: 'DescribeServices', reason: 'MISSING', times: 1 }];
    expect(await scene.control('faults', { fail })).toMatchObject({ fail });
    const failures = () =>
      account.call('ecs', 'DescribeServices', { cluster: 'demo', services: ['web'] }).failures;
    expect(failures()).toMatchObject([{ reason: 'MISSING' }]);
    expect(failures()).toEqual([]);
    expect(await scene.control('faults', { fail: null })).toMatchObject({ fail: [] });
  });
});
