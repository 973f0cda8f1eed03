import { describe, expect, it } from 'vitest';
import { newestAgent } from '../../../simulator/ecs/update.ts';
import { Scene, startAt } from './scene.ts';

const registrations = (one: Scene, ec2InstanceId: string) =>
  one.ecs.containerInstanceRecords().filter((each) => each.ec2InstanceId === ec2InstanceId);

const told = (one: Scene) =>
  one.instanceEvents().map(({ at, detail }) => [at, detail.version, detail.agentConnected]);

function scene(more: Parameters<Scene['instance']>[1] = {}) {
  const one = new Scene();
  one.instance('i-1', more);
  one.heard();
  return one;
}

describe('an agent that reconnects, as in normal operation', () => {
  it('is away for a moment, with an event and a version for each end (D-1.10g)', () => {
    const one = scene();
    one.reconnect('i-1', 1500);
    one.pass(60);
    expect(told(one)).toEqual([
      [0, 3, false],
      [1.5, 4, true],
    ]);
  });

  it('hears of what was ordered meanwhile when it is back (D-2.44)', () => {
    const one = scene();
    one.definition('job', { 'start-seconds': 1 });
    const [task] = one.call('RunTask', { taskDefinition: 'job' }).tasks;
    one.pass(10);
    one.reconnect('i-1', 5000);
    one.call('StopTask', { task: task?.taskArn });
    one.pass(4.9);
    expect(one.live()).toMatchObject([{ desiredStatus: 'STOPPED', lastStatus: 'RUNNING' }]);
    one.pass(60);
    expect(one.live()).toEqual([]);
  });

  it('stays away where it was disconnected for good meanwhile, until it is connected', () => {
    const one = scene();
    one.reconnect('i-1', 1000);
    one.connection('i-1', false);
    one.pass(3600);
    expect(one.describe('i-1').agentConnected).toBe(false);
    one.connection('i-1', true);
    expect(one.describe('i-1').agentConnected).toBe(true);
  });

  it('does not come back to a host that was stopped, or terminated and so left as a ghost (D-2.6, D-2.7)', () => {
    for (const end of ['stop', 'terminate'] as const) {
      const one = scene();
      one.reconnect('i-1', 1000);
      one[end]('i-1');
      one.pass(600);
      expect(one.describe('i-1')).toMatchObject({ status: 'ACTIVE', agentConnected: false });
    }
  });

  it('goes only when it is there', () => {
    const one = scene();
    one.connection('i-1', false);
    one.heard();
    one.reconnect('i-1', 1000);
    one.pass(60);
    expect(told(one)).toEqual([]);
  });
});

describe('an agent that has lost its state', () => {
  it('registers a second time; the first registration stays ACTIVE without agent, its tasks too (D-2.8)', () => {
    const one = scene();
    one.definition('job');
    one.call('RunTask', { taskDefinition: 'job' });
    one.pass(10);
    one.heard();
    one.forget('i-1');
    expect(registrations(one, 'i-1')).toMatchObject([
      { status: 'ACTIVE', agentConnected: false, runningTasksCount: 1 },
      { status: 'ACTIVE', agentConnected: true, runningTasksCount: 0 },
    ]);
    expect(told(one).map(([, version, connected]) => [version, connected])).toEqual([
      [4, false],
      [2, true],
    ]);
    one.pass(3600);
    expect(one.live()).toMatchObject([{ lastStatus: 'RUNNING' }]);
    one.call('RunTask', { taskDefinition: 'job' });
    expect(registrations(one, 'i-1')[1]).toMatchObject({ pendingTasksCount: 1 });
  });

  it('is the newest registration from then on: it is that which reconnects, and which a reboot brings back (D-9.11)', () => {
    const one = scene();
    one.forget('i-1');
    const [first, second] = registrations(one, 'i-1');
    one.connection('i-1', false);
    one.connection('i-1', true);
    expect(registrations(one, 'i-1').map(({ agentConnected }) => agentConnected)).toEqual([false, true]);
    one.stop('i-1');
    one.pass(600);
    one.instance('i-1');
    expect(registrations(one, 'i-1').map(({ agentConnected }) => agentConnected)).toEqual([false, true]);
    expect(registrations(one, 'i-1').map(({ containerInstanceArn }) => containerInstanceArn)).toEqual([
      first?.containerInstanceArn,
      second?.containerInstanceArn,
    ]);
  });

  it('leaves its first registration as a ghost when the instance ends, which can be deregistered (D-2.7, D-2.8)', () => {
    const one = scene();
    one.forget('i-1');
    one.terminate('i-1');
    expect(registrations(one, 'i-1').map(({ status }) => status)).toEqual(['ACTIVE', 'INACTIVE']);
    const [ghost] = registrations(one, 'i-1');
    one.call('DeregisterContainerInstance', { containerInstance: ghost?.containerInstanceArn });
    expect(registrations(one, 'i-1').map(({ status }) => status)).toEqual(['INACTIVE', 'INACTIVE']);
  });

  it('keeps its version', () => {
    const one = scene({ image: { agentVersion: '1.104.0' } });
    one.call('UpdateContainerAgent', { containerInstance: one.idOf('i-1') });
    one.pass(120);
    one.forget('i-1', { image: { agentVersion: '1.104.0' } });
    expect(registrations(one, 'i-1')[1]?.versionInfo.agentVersion).toBe(newestAgent.agentVersion);
  });
});

describe('an agent that drains its instance by itself (D-7.2)', () => {
  it('sets it to DRAINING a second after it sees that Spot takes the instance back', () => {
    const one = scene();
    one.noticeSpot('i-1');
    one.pass(0.9);
    expect(one.describe('i-1').status).toBe('ACTIVE');
    one.pass(0.1);
    expect(one.instanceEvents()).toMatchObject([{ at: 1, detail: { status: 'DRAINING', version: 3 } }]);
    one.pass(600);
    expect(one.heard()).toEqual([]);
  });

  it('tries until it gets through', () => {
    const one = scene();
    one.connection('i-1', false);
    one.noticeSpot('i-1');
    one.pass(30);
    expect(one.describe('i-1').status).toBe('ACTIVE');
    one.connection('i-1', true);
    one.pass(1);
    expect(one.describe('i-1').status).toBe('DRAINING');
  });

  it('tries while the instance is REGISTERING, which refuses (D-2.13, D-2.49)', () => {
    const one = new Scene();
    one.call('PutAccountSetting', { name: 'awsvpcTrunking', value: 'enabled' });
    one.instance('i-1');
    one.noticeSpot('i-1');
    one.pass(14);
    expect(one.describe('i-1').status).toBe('REGISTERING');
    one.pass(2);
    expect(one.describe('i-1').status).toBe('DRAINING');
  });

  it.each(['stop', 'terminate'] as const)('gives up when the instance has come to its end: %s', (end) => {
    const one = scene();
    one.connection('i-1', false);
    one.noticeSpot('i-1');
    one.pass(5);
    one[end]('i-1');
    one.pass(60);
    expect(one.ecs.busyAt).toBeUndefined();
    expect(one.describe('i-1').status).toBe('ACTIVE');
  });
});

describe('the container runtime of an instance', () => {
  const healthOf = (one: Scene) => {
    const input = { containerInstances: [one.idOf('i-1')], include: ['CONTAINER_INSTANCE_HEALTH'] };
    const [instance] = one.call('DescribeContainerInstances', input).containerInstances;
    return instance?.healthStatus as { overallStatus: string; details: { lastStatusChange: Date }[] };
  };

  it('is IMPAIRED or OK as the agent says, without event, the version stays (D-9.9, D-1.13)', () => {
    const one = scene();
    one.pass(100);
    one.setRuntime('i-1', 'IMPAIRED');
    one.pass(20);
    expect(healthOf(one)).toEqual({
      overallStatus: 'IMPAIRED',
      details: [
        {
          type: 'CONTAINER_RUNTIME',
          status: 'IMPAIRED',
          lastUpdated: new Date(startAt + 120_000),
          lastStatusChange: new Date(startAt + 100_000),
        },
      ],
    });
    one.setRuntime('i-1', 'OK');
    expect(healthOf(one)).toMatchObject({ overallStatus: 'OK', details: [{ status: 'OK' }] });
    expect(one.heard()).toEqual([]);
    expect(one.describe('i-1')).toMatchObject({ version: 2, status: 'ACTIVE', agentConnected: true });
  });

  it('is not known behind an agent that is not connected', () => {
    const one = scene();
    one.setRuntime('i-1', 'IMPAIRED');
    one.pass(50);
    one.connection('i-1', false);
    const { overallStatus, details } = healthOf(one);
    expect([overallStatus, details[0]?.lastStatusChange]).toEqual([
      'INSUFFICIENT_DATA',
      new Date(startAt + 50_000),
    ]);
  });

  it('is well again after a reboot', () => {
    const one = scene();
    one.setRuntime('i-1', 'IMPAIRED');
    one.stop('i-1');
    one.pass(100);
    one.instance('i-1');
    expect(healthOf(one).overallStatus).toBe('OK');
  });
});
