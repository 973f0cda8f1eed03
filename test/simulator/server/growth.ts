import { createGroup, createService, setDesiredCapacity } from '../../../demo/cluster.ts';
import { Account } from '../../../simulator/account.ts';
import { Server } from '../../../simulator/server.ts';

/**
 * Run with `--expose-gc`: prints the heap of a server (bytes) after some hours of tasks and instances that come and go
 * and of hundreds of requests, and again after many more of the same. `--keep-all`: of an account that forgets nothing.
 */
const clusterName = 'shop';
const keepsAll = process.argv.includes('--keep-all');
const account = new Account({ seed: 1, ...(keepsAll ? {} : { entriesMax: 500 }) });
const server = await Server.start(
  { seed: 1, clock: { kind: 'virtual', speed: 1 }, open: () => ({ account }), report: console.error },
  0,
);
const headers = {
  authorization: 'AWS4-HMAC-SHA256 Credential=AKID/20260504/eu-west-1/ecs/aws4_request',
  'content-type': 'application/x-amz-json-1.1',
};

async function ask(target: string, body: object): Promise<void> {
  const named = { ...headers, 'x-amz-target': `AmazonEC2ContainerServiceV20141113.${target}` };
  await (await fetch(server.url, { method: 'POST', headers: named, body: JSON.stringify(body) })).text();
}

async function control(path: string, body: object): Promise<void> {
  const url = `${server.url}/_simulator/${path}`;
  await (await fetch(url, { method: 'POST', body: JSON.stringify(body) })).text();
}

/** One hour: tasks end after half a minute, the group grows and shrinks through a hook, clients read and fail. */
async function hour(): Promise<void> {
  for (const desiredCapacity of [4, 2]) {
    setDesiredCapacity(account, 'nodes', desiredCapacity);
    await control('advance', { seconds: 1800 });
    for (let call = 0; call < 40; call++) {
      await ask('ListTasks', { cluster: clusterName });
      await ask('RunTask', { cluster: clusterName, taskDefinition: 'none', clientToken: String(call) });
      await ask('DescribeTasks', { cluster: 'none', tasks: ['x'.repeat(10_000)] });
    }
  }
}

function heap(): number {
  for (let turn = 0; turn < 4; turn++) globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

account.call('ecs', 'CreateCluster', { clusterName });
createGroup(account, { clusterName, autoScalingGroupName: 'nodes', desiredCapacity: 2 });
account.call('autoscaling', 'PutLifecycleHook', {
  AutoScalingGroupName: 'nodes',
  LifecycleHookName: 'hook',
  LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
  HeartbeatTimeout: 60,
  DefaultResult: 'CONTINUE',
});
await account.advance(120);
createService(account, clusterName, {
  name: 'web',
  cpu: 128,
  memoryMib: 128,
  desiredCount: 6,
  exitAfterSeconds: 30,
});
for (let passed = 0; passed < 2; passed++) await hour();
const before = heap();
const tasksBefore = account.ecs.taskRecords().length;
for (let passed = 0; passed < 5; passed++) await hour();
const after = heap();
console.log(JSON.stringify({ before, after, tasksBefore, tasksAfter: account.ecs.taskRecords().length }));
await server.stop();
