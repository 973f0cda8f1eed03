import { describe, expect, it } from 'vitest';
import { runTask, setDesiredCapacity } from '../../demo/cluster.ts';
import { packagedTemplate } from '../../demo/install.ts';
import { Fault } from '../../simulator/machine.ts';
import { textOf } from '../files.ts';
import type { Resource, Template } from '../stack/template.ts';
import { terminateEvent } from './messages.ts';
import { clusterName, groupName, job, Scene, service } from './scene.ts';

/** What breaks published drainers, by the numbers of docs/failure-modes.md; most have tests elsewhere, which it names. */
describe('what events can be', () => {
  it('F5: an event of a service action, which has no version, goes to the lane of capacity alone and acts on nothing elsewhere', async () => {
    const scene = await Scene.open();
    const event = sample('ecs-service-action.SERVICE_TASK_PLACEMENT_FAILURE.ec2-cpu.json');
    const rules = resources('AWS::Events::Rule');
    const asking = rules.filter(({ Properties }) =>
      JSON.stringify(Properties?.EventPattern ?? {}).includes(String(event['detail-type'])),
    );
    expect(asking.flatMap(({ Properties }) => Properties?.Targets)).toMatchObject([
      { Arn: { 'Fn::GetAtt': ['RebalanceLane', 'Arn'] } },
    ]);
    scene.send('lane', event);
    scene.send('release', event);
    await scene.account.advance(300);
    expect(scene.metric('Unwanted')).toBe(2);
    expect(scene.writes).toEqual([]);
    expect(scene.deadLetters).toBe(0);
  });

  it('F6: the test notification of a hook is dropped and counted, and does not come back', async () => {
    const scene = await Scene.open();
    const event = sample('asg-lifecycle.sqs-test-notification.json');
    scene.send('lane', event);
    scene.send('release', event);
    await scene.account.advance(600);
    expect(scene.metric('Unwanted')).toBe(2);
    expect(scene.metric('Failures')).toBe(0);
    expect(scene.writes).toEqual([]);
    expect(scene.deadLetters).toBe(0);
  });

  it('F7: members that nobody has heard of yet do no harm, and an unknown type is dropped and counted', async () => {
    const scene = await Scene.open();
    scene.disable('events');
    scene.disable('schedules');
    const instanceId = scene.terminate();
    await scene.account.advance(5);
    const event = terminateEvent(scene, instanceId, {
      Reason: { Code: 'new' },
      Origin: 'Elsewhere',
      Extra: [1],
    });
    scene.send('lane', { ...event, 'replay-name': 'tomorrow', trace: {} });
    scene.send('release', { ...event, source: 'aws.ecs', 'detail-type': 'ECS Managed Daemon State Change' });
    await scene.account.advance(30);
    expect(scene.registration(instanceId).status).toBe('DRAINING');
    expect(scene.metric('Unwanted')).toBe(1);
    expect(scene.deadLetters).toBe(0);
  });

  it('F10: work that runs a second time after its function died finds it done, and does nothing', async () => {
    const scene = await Scene.open();
    let crashed: string | undefined;
    scene.account.lambda.faults.crash = ({ functionName, requestId }, callNumber, moment) => {
      if (crashed || !functionName.endsWith('-release') || moment !== 'after') return false;
      const done = scene.calls().filter((call) => call.requestId === requestId);
      const isLast = done.length === callNumber && done.at(-1)?.operation === 'CompleteLifecycleAction';
      if (isLast) crashed = requestId;
      return isLast;
    };
    const departure = await scene.leave();
    expect(crashed).toBeDefined();
    await scene.account.advance(600);
    expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
    const completions = scene.calls('CompleteLifecycleAction').filter(({ outcome }) => outcome === 'ok');
    expect(completions).toHaveLength(1);
    expect(scene.metric('Failures')).toBe(0);
    expect(scene.deadLetters).toBe(0);
  });
});

describe('what an instance can hold', () => {
  it('F16: an instance with nothing but a daemon is released when the daemon has stopped', async () => {
    const scene = await Scene.open({
      services: [{ name: 'agent', cpu: 32, memoryMib: 64, stopSeconds: 20 }],
    });
    const departure = await scene.leave(600);
    expect(departure).toMatchObject({ tasks: 1, isEarly: false, tasksKilled: 0, endedBy: 'complete' });
    expect(departure.latenessSeconds).toBeLessThanOrEqual(2);
  });

  it('F18: a task that never gets beyond PENDING holds its instance no longer than its group says', async () => {
    const scene = await Scene.open({
      services: [],
      instances: 1,
      tags: { 'ecs-steward:standalone-tasks': 'stop-after:10m' },
    });
    runTask(scene.account, clusterName, job({ startSeconds: 100_000 }));
    await scene.account.advance(30);
    const departure = await scene.leave(1200);
    expect(departure).toMatchObject({ tasks: 1, isEarly: false, endedBy: 'complete' });
    const drainSeconds = (Number(departure.completedAt) - Number(departure.drainingAt)) / 1000;
    expect(drainSeconds).toBeGreaterThanOrEqual(600);
    expect(drainSeconds).toBeLessThanOrEqual(600 + 65);
  });
});

describe('what a hook can do', () => {
  it('F27: a hook that is deleted while it holds an instance ends nothing but that wait, and is put back', async () => {
    const scene = await Scene.open({ services: [service({ stopSeconds: 110, stopTimeoutSeconds: 120 })] });
    const instanceId = scene.terminate();
    await scene.account.until('DRAINING', () => scene.departures[0]?.drainingAt !== undefined, 60);
    scene.account.call('autoscaling', 'DeleteLifecycleHook', {
      AutoScalingGroupName: groupName,
      LifecycleHookName: 'ecs-steward-terminate',
    });
    await scene.account.advance(1000);
    expect(scene.account.autoscaling.lifecycleActions().every(({ endedAt }) => endedAt !== undefined)).toBe(
      true,
    );
    expect(scene.account.ec2.all().find((one) => one.instanceId === instanceId)?.state ?? 'gone').not.toBe(
      'running',
    );
    expect(scene.calls('PutLifecycleHook').map(({ outcome }) => outcome)).toContain('ok');
    expect(scene.deadLetters).toBe(0);
    const next = await scene.ended(scene.terminate(scene.account.ec2.all()[1]?.instanceId));
    expect(next).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
  });

  it('F28: heartbeats go on as long as the instance waits, and not a minute longer', async () => {
    const scene = await Scene.open({ standalone: [job({ exitAfterSeconds: 3 * 3600 })] });
    const departure = await scene.leave(4 * 3600);
    const beats = () => scene.calls('RecordLifecycleActionHeartbeat');
    const gaps = [departure.terminateAt, ...beats().map(({ at }) => at), Number(departure.completedAt)];
    for (const [at, time] of gaps.slice(1).entries()) expect(time - Number(gaps[at])).toBeLessThan(1800_000);
    const before = beats().length;
    expect(before).toBeGreaterThan(0);
    await scene.account.advance(3600);
    expect(beats()).toHaveLength(before);
  });
});

describe('what scale and failing calls do', () => {
  it('F30: a burst goes through one lane without a dead letter, and no function has reserved concurrency', async () => {
    const functions = resources('AWS::Lambda::Function');
    expect(functions.length).toBeGreaterThan(0);
    for (const { Properties } of functions)
      expect(Properties).not.toHaveProperty('ReservedConcurrentExecutions');
    const scene = await Scene.open({ instances: 40, services: [service({ desiredCount: 40 })] });
    setDesiredCapacity(scene.account, groupName, 5);
    await scene.account.until('35 departures end', () => hasEnded(scene, 35), 3600);
    expect(scene.departures.every(({ isEarly, endedBy }) => !isEarly && endedBy === 'complete')).toBe(true);
    expect(scene.deadLetters).toBe(0);
    expect(scene.account.lambda.invocations.every(({ outcome }) => outcome === 'success')).toBe(true);
  });

  it('F31: no message of ours leads back to its sender through queues, which Lambda would take for a loop (D-13.13)', () => {
    const template = packagedTemplate() as Template;
    const mappings = Object.values(template.Resources).filter(
      ({ Type }) => Type === 'AWS::Lambda::EventSourceMapping',
    );
    const nameIn = (value: unknown) => /"(?:Ref|Fn::GetAtt)":\[?"(\w+)"/.exec(JSON.stringify(value))?.[1];
    const readerOf = new Map(
      mappings.map(({ Properties: its }) => [nameIn(its?.EventSourceArn), nameIn(its?.FunctionName)]),
    );
    const sends = Object.entries(template.Resources).flatMap(([name, { Type, Properties: its }]) => {
      if (Type !== 'AWS::Lambda::Function') return [];
      const role = template.Resources[nameIn(its?.Role) ?? ''];
      const queues = statementsOf(role).filter(({ Action }) => [Action].flat().includes('sqs:SendMessage'));
      const names = queues.flatMap(({ Resource }) => [Resource].flat().map(nameIn));
      return names.map((queue) => ({ from: name, to: readerOf.get(queue) }));
    });
    expect(sends.length).toBeGreaterThan(0);
    // `interrupt` asks itself to look again, and not for longer than the two minutes that Spot gives: see below.
    const others = sends.filter(({ from, to }) => from !== 'InterruptLambdaFunction' || from !== to);
    const reaches = (from: string | undefined, seen: readonly (string | undefined)[]): boolean =>
      others.some(
        (one) => one.from === from && (seen.includes(one.to) || reaches(one.to, [...seen, one.to])),
      );
    for (const { from } of others) expect([from, reaches(from, [from])]).toEqual([from, false]);
  });

  it('F31: one Spot notice is looked at again less often than Lambda allows, whatever is on the instance', async () => {
    const timeouts = [2, 12, 22, 32, 42, 52, 62, 72, 82, 92, 102, 119];
    const scene = await Scene.open({
      instances: 1,
      services: timeouts.map((seconds, i) =>
        service({ name: `web-${i}`, desiredCount: 1, stopTimeoutSeconds: seconds, stopSeconds: 200 }),
      ),
    });
    scene.account.hear(scene.account.ec2.interrupt(scene.account.world.now, scene.oldestInstanceId));
    await scene.account.advance(300);
    const looks = scene.account.lambda.invocations.filter(({ functionName }) =>
      /-interrupt$/.test(functionName),
    );
    expect(looks.length).toBeGreaterThan(5);
    expect(looks.length).toBeLessThan(16);
  });

  it('F33: what a call could not do for one instance is told, and done for the others', async () => {
    const scene = await Scene.open();
    const [gone, other] = scene.account.ec2.all().map(({ instanceId }) => instanceId) as [string, string];
    const { containerInstanceArn } = scene.registration(gone);
    let isGone = false;
    // Somebody takes it out of the cluster between what was read and what is done.
    scene.account.endpoint.faults.refuse = ({ operation }) => {
      if (isGone || operation !== 'UpdateContainerInstancesState') return;
      isGone = true;
      scene.account.call('ecs', 'DeregisterContainerInstance', {
        cluster: clusterName,
        containerInstance: containerInstanceArn,
        force: true,
      });
    };
    for (const instanceId of [gone, other]) scene.terminate(instanceId);
    await scene.account.until('both departures end', () => hasEnded(scene, 2), 1800);
    const told = scene.logged.filter(({ message }) => message === 'could not set to DRAINING');
    expect(told[0]).toMatchObject({ arn: containerInstanceArn, level: 'ERROR', reason: expect.any(String) });
    expect(scene.metric('Failures')).toBeGreaterThan(0);
    expect(scene.departure(other)).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
    expect(scene.departure(gone)).toMatchObject({ endedBy: 'complete' });
  });

  it.each(['Throttling', 'AccessDenied', 'InternalFailure'])(
    'F35: while every read is refused with %s nothing is released, and then all goes on',
    async (code) => {
      const scene = await Scene.open({ services: [service({ stopSeconds: 60, stopTimeoutSeconds: 90 })] });
      const { account } = scene;
      const instanceId = scene.terminate();
      await account.until('DRAINING', () => scene.departures[0]?.drainingAt !== undefined, 60);
      const refusedUntil = account.world.now + 600_000;
      account.endpoint.faults.refuse = ({ operation }) => {
        if (/^(Describe|List)/.test(operation) && account.world.now < refusedUntil)
          throw new Fault(code, 'refused');
      };
      await account.advance(590);
      expect(scene.calls('CompleteLifecycleAction')).toEqual([]);
      const departure = await scene.ended(instanceId, 900);
      expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
    },
  );
});

const hasEnded = (scene: Scene, count: number) =>
  scene.account.autoscaling.lifecycleActions().filter(({ endedAt }) => endedAt !== undefined).length ===
  count;

const sample = (name: string) => JSON.parse(textOf(`test/events/${name}`)) as Record<string, unknown>;

const resources = (type: string): Resource[] =>
  Object.values((packagedTemplate() as Template).Resources).filter(({ Type }) => Type === type);

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

const statementsOf = (role: Resource | undefined): readonly Statement[] => {
  const policies = (role?.Properties?.Policies ?? []) as { PolicyDocument: { Statement: Statement[] } }[];
  return policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
};
