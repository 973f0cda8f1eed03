import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CompleteLifecycleActionCommand } from '@aws-sdk/client-auto-scaling';
import { ListClustersCommand } from '@aws-sdk/client-ecs';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  createGroup,
  createService,
  enrolmentTag,
  hasHook,
  setDesiredCapacity,
  tagGroup,
} from '../../../demo/cluster.ts';
import { Account } from '../../../simulator/account.ts';
import type { Runtime } from '../../../simulator/cloud/lambda/lambda.ts';
import { Processes } from '../../../simulator/cloud/lambda/process.ts';
import type { Site } from '../../../simulator/server.ts';
import { templateWithoutUninstall } from '../../scenarios/scene.ts';
import { packageCode, packaged } from '../../stack/package.ts';
import { definition } from '../cloud/fixture.ts';
import { Scene } from './scene.ts';

const clusterName = 'shop';
const groupName = 'nodes';

let scene: Scene | undefined;

afterEach(async () => {
  await scene?.server.stop();
  scene = undefined;
});

beforeAll(packageCode);

/** The packaged stack, its functions in processes that call this very server. */
function openSite(seed: number, url: string): Site {
  const account = new Account({ seed });
  const processes = new Processes({ world: account.world, endpointUrl: url });
  account.install(templateWithoutUninstall(), (handler) => {
    const name = handler.split('/')[1] ?? '';
    return processes.runtime(readFileSync(join(packaged, `${name}.zip`)))(handler);
  });
  return {
    account,
    functionRequests: (accessKeyId, request) => processes.handle(accessKeyId, request),
    close: () => processes.stop(),
  };
}

/** An enrolled group of three instances with a service on it. */
async function open(): Promise<Scene> {
  scene = await Scene.open({ openSite });
  const { account } = scene;
  account.call('ecs', 'CreateCluster', { clusterName });
  createGroup(account, { clusterName, autoScalingGroupName: groupName, desiredCapacity: 3 });
  await scene.control('advance', { seconds: 120 });
  createService(account, clusterName, { name: 'web', cpu: 128, memoryMib: 128, desiredCount: 4 });
  tagGroup(account, groupName, { [enrolmentTag]: clusterName });
  return scene;
}

describe('functions in processes', () => {
  it('reach the server that waits for them, while other clients wait for it', async () => {
    const here = await open();
    const passing = here.control('advance', { seconds: 180 });
    const listed = here.ecs().send(new ListClustersCommand({}));
    await passing;
    expect((await listed).clusterArns).toHaveLength(1);
    expect(hasHook(here.account, groupName)).toBe(true);
    const calls = here.account.endpoint.calls.filter(({ functionName }) => functionName !== undefined);
    expect(calls.every(({ outcome }) => outcome === 'ok')).toBe(true);
    setDesiredCapacity(here.account, groupName, 2);
    expect(await here.control('settle', {})).toMatchObject({ settled: true });
    const [departure] = here.account.autoscaling.lifecycleActions();
    expect(departure).toMatchObject({ endedBy: 'complete', result: 'CONTINUE' });
    expect(departure?.completedByPrincipalArn).toContain('role/');
    const again = new CompleteLifecycleActionCommand({
      AutoScalingGroupName: groupName,
      LifecycleHookName: departure?.lifecycleHookName,
      InstanceId: departure?.instanceId,
      LifecycleActionResult: 'CONTINUE',
    });
    await expect(here.autoscaling().send(again)).rejects.toMatchObject({ name: 'ValidationError' });
  });

  it('do the same under the same seed, and begin anew with a reset', async () => {
    const here = await open();
    const told = async (): Promise<string> => {
      const { account } = here;
      await here.control('advance', { seconds: 200 });
      return JSON.stringify(account.lambda.invocations);
    };
    await here.control('reset', { seed: 5 });
    const first = await told();
    await here.control('reset', { seed: 5 });
    expect(await told()).toBe(first);
    expect(JSON.parse(first).length).toBeGreaterThan(1);
    expect(here.reported).toEqual([]);
  });
});

describe('a synchronous invocation', () => {
  const sleeper = (seconds: number) => (account: Account) => {
    const runtime: Runtime = () => (platform) => async () => {
      await platform.sleep(seconds * 1000);
      return 'rested';
    };
    account.lambda.createFunction(definition({ timeoutSeconds: 900 }), runtime);
  };
  const invoke = (here: Scene) =>
    new LambdaClient(here.client()).send(new InvokeCommand({ FunctionName: 'work' }));

  it('is answered when the function has ended: a virtual clock lets as much time pass', async () => {
    scene = await Scene.open();
    sleeper(30)(scene.account);
    const before = scene.account.world.now;
    const { Payload } = await invoke(scene);
    expect(Buffer.from(Payload ?? []).toString()).toBe('"rested"');
    expect(scene.account.world.now - before).toBeGreaterThanOrEqual(30_000);
    expect(scene.account.world.now - before).toBeLessThan(32_000);
  });

  it('is answered in real time under a real clock, others in between', async () => {
    scene = await Scene.open({ clock: { kind: 'real', speed: 100 } });
    sleeper(100)(scene.account);
    const invoked = invoke(scene);
    expect((await scene.ecs().send(new ListClustersCommand({}))).clusterArns).toEqual([]);
    expect(Buffer.from((await invoked).Payload ?? []).toString()).toBe('"rested"');
  });

  it('is given up when the account is replaced', async () => {
    scene = await Scene.open({ clock: { kind: 'real', speed: 1 } });
    sleeper(800)(scene.account);
    const { world } = scene.account;
    const started = new Promise<void>((done) => {
      world.onRecord(({ kind, operation }) => kind === 'call' && operation === 'Invoke' && done());
    });
    const invoked = invoke(scene);
    const failed = expect(invoked).rejects.toMatchObject({ name: 'ServiceUnavailable' });
    await started;
    await scene.control('reset', {});
    await failed;
  });
});
