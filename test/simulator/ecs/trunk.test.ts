import { describe, expect, it } from 'vitest';
import { code } from './fault.ts';
import { messagesOf } from './fleet.ts';
import { inVpc, Scene } from './scene.ts';

/** An account that opted in to trunk interfaces after `i-0` had registered. */
function scene(fate = {}) {
  const one = new Scene();
  one.instance('i-0');
  one.call('PutAccountSetting', { name: 'awsvpcTrunking', value: 'enabled' });
  one.instance('i-1', { fate });
  return one;
}

const told = (one: Scene) =>
  one.instanceEvents().map(({ detail }) => [detail.version, detail.status, detail.agentConnected]);
const listed = (one: Scene, status?: string) =>
  one.call('ListContainerInstances', { status }).containerInstanceArns.length;

describe('an instance of an account that opted in to awsvpcTrunking', () => {
  it('is REGISTERING until its trunk interface is there, an older one not (D-2.2, D-9.57)', () => {
    const one = scene();
    expect(one.describe('i-0')).toMatchObject({ status: 'ACTIVE', attachments: [] });
    expect(one.describe('i-1')).toMatchObject({
      status: 'REGISTERING',
      attachments: [{ type: 'ElasticNetworkInterface', status: 'ATTACHING' }],
    });
    expect([listed(one), listed(one, 'REGISTERING'), listed(one, 'ACTIVE')]).toEqual([2, 1, 1]);
    one.heard();
    one.pass(15);
    expect(told(one)).toEqual([[3, 'ACTIVE', true]]);
    expect(one.describe('i-1')).toMatchObject({ attachments: [{ status: 'ATTACHED' }] });
  });

  it('names its interface, its MAC address, its subnet and its address in the attachment (D-9.8)', () => {
    const [attachment] = scene().describe('i-1').attachments as {
      details: { name: string; value: string }[];
    }[];
    const details = Object.fromEntries((attachment?.details ?? []).map(({ name, value }) => [name, value]));
    expect(details).toEqual({
      networkInterfaceId: expect.stringMatching(/^eni-[0-9a-f]{17}$/),
      macAddress: expect.stringMatching(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/),
      subnetId: expect.stringMatching(/^subnet-/),
      privateIPv4Address: expect.stringMatching(/^10\.0\.0\.\d{1,3}$/),
    });
  });

  it('takes no task before it is ACTIVE (D-2.4)', () => {
    const one = scene();
    one.terminate('i-0');
    one.definition('web');
    one.service('web', { desiredCount: 1 }, 10);
    expect(one.tasksOn('i-1')).toEqual([]);
    one.pass(10);
    expect(one.tasksOn('i-1')).toHaveLength(1);
  });

  it('does not count as registered while it is REGISTERING (D-2.11)', () => {
    const one = scene();
    const count = () =>
      one.call('DescribeClusters', { clusters: ['demo'] }).clusters[0]?.registeredContainerInstancesCount;
    expect(count()).toBe(1);
    one.pass(15);
    expect(count()).toBe(2);
  });

  it('becomes REGISTRATION_FAILED with the reason, and without agent, when the interface cannot be made (D-2.2, D-1.10i)', () => {
    const one = scene({ trunkFailure: 'The subnet has no free address.' });
    one.heard();
    one.pass(15);
    expect(told(one)).toEqual([[3, 'REGISTRATION_FAILED', false]]);
    expect(one.describe('i-1')).toMatchObject({
      status: 'REGISTRATION_FAILED',
      statusReason: 'The subnet has no free address.',
      attachments: [{ status: 'FAILED' }],
    });
    expect(listed(one, 'REGISTRATION_FAILED')).toBe(1);
  });

  it.each([
    ['REGISTERING', {}, 0],
    ['REGISTRATION_FAILED', { trunkFailure: 'No address.' }, 15],
  ])('cannot be set to DRAINING or ACTIVE while it is %s (D-2.13, D-2.49)', (status, fate, seconds) => {
    const one = scene(fate);
    one.pass(seconds);
    for (const wanted of ['DRAINING', 'ACTIVE'])
      expect(code(() => one.drain('i-1', wanted))).toMatch(
        new RegExp(`^InvalidParameterException: .* is ${status} and cannot become ${wanted}\\.$`),
      );
    expect(one.describe('i-1').status).toBe(status);
  });

  it.each([
    [
      'deregistered',
      (one: Scene) => one.call('DeregisterContainerInstance', { containerInstance: one.idOf('i-1') }),
    ],
    ['terminated', (one: Scene) => one.terminate('i-1')],
  ])('is DEREGISTERING until the interface is removed, then INACTIVE, when it is %s (D-2.3)', (_, end) => {
    const one = scene();
    one.pass(15);
    one.heard();
    end(one);
    expect(one.describe('i-1')).toMatchObject({ status: 'DEREGISTERING', agentConnected: false });
    expect(listed(one, 'DEREGISTERING')).toBe(1);
    expect(code(() => one.drain('i-1'))).toContain('is DEREGISTERING and cannot become DRAINING.');
    const again = () => one.call('DeregisterContainerInstance', { containerInstance: one.idOf('i-1') });
    expect(code(again)).toBe('InvalidParameterException: Container instance not found.');
    one.connection('i-1', true);
    one.pass(15);
    expect(one.describe('i-1')).toMatchObject({ status: 'INACTIVE', attachments: [{ status: 'DELETED' }] });
    expect(
      told(one)
        .map(([, status]) => status)
        .slice(-2),
    ).toEqual(['DEREGISTERING', 'INACTIVE']);
    expect(listed(one)).toBe(1);
  });

  it('can be described for an hour from when it is INACTIVE, not from when it was DEREGISTERING (D-2.5)', () => {
    const one = scene();
    one.pass(15);
    const containerInstances = [one.idOf('i-1')];
    const described = () => one.call('DescribeContainerInstances', { containerInstances });
    one.terminate('i-1');
    one.pass(15 + 3599);
    expect(described().containerInstances).toMatchObject([{ status: 'INACTIVE' }]);
    one.pass(1);
    expect(described().failures).toMatchObject([{ reason: 'MISSING' }]);
  });

  it('stays DEREGISTERING to its end when it is terminated before its interface is there', () => {
    const one = scene();
    one.terminate('i-1');
    one.pass(60);
    expect(one.describe('i-1').status).toBe('INACTIVE');
  });

  it('registers anew, as another instance, while the old registration is DEREGISTERING', () => {
    const one = scene();
    one.pass(15);
    const id = one.idOf('i-1');
    one.call('DeregisterContainerInstance', { containerInstance: id });
    expect(one.instance('i-1')).not.toBe(id);
  });
});

const inVpcTasks = (one: Scene, count: number) => {
  one.definition('net', {}, { cpu: 10, memory: 32 }, { networkMode: 'awsvpc' });
  const run = { taskDefinition: 'net', count: 1, ...inVpc };
  return Array.from({ length: count }, () => one.call('RunTask', run).failures.map(({ reason }) => reason));
};

describe('tasks in awsvpc mode', () => {
  it.each([
    ['m6i.large', false, 2],
    ['m6i.xlarge', false, 3],
    ['m6i.large', true, 10],
    ['m6i.xlarge', true, 20],
    ['t3.medium', true, 2],
  ])(
    'find on %s, opted in: %s, %i network interfaces and no more (D-9.60, D-9.67)',
    (instanceType, isOn, room) => {
      const one = new Scene();
      if (isOn) one.call('PutAccountSetting', { name: 'awsvpcTrunking', value: 'enabled' });
      one.instance('i-1', { instanceType });
      one.pass(15);
      const failures = inVpcTasks(one, room + 1);
      expect(failures.slice(0, room).flat()).toEqual([]);
      expect(failures[room]).toEqual(['RESOURCE:ENI']);
      expect(one.tasksOn('i-1')).toHaveLength(room);
    },
  );

  it('give their interface back when they are STOPPED, not before', () => {
    const one = new Scene();
    one.instance('i-1');
    inVpcTasks(one, 2);
    one.pass(30);
    one.call('StopTask', { task: one.live()[0]?.taskArn });
    expect(inVpcTasks(one, 1)).toEqual([['RESOURCE:ENI']]);
    one.pass(60);
    expect(inVpcTasks(one, 1)).toEqual([[]]);
  });

  it('are missed by the service in the words of AWS where there is no interface left', () => {
    const one = new Scene();
    one.instance('i-1');
    one.definition('web', {}, { cpu: 10, memory: 32 }, { networkMode: 'awsvpc' });
    one.service('web', { desiredCount: 3, ...inVpc });
    expect(messagesOf(one).join('\n')).toContain('encountered error "RESOURCE:ENI".');
    expect(one.tasksOn('i-1')).toHaveLength(2);
  });
});

describe('the trunk interface', () => {
  it('is named by an attribute of the instance while it is there, after a reboot too', () => {
    const one = scene();
    const trunk = () =>
      one.call('ListAttributes', { targetType: 'container-instance', attributeName: 'ecs.awsvpc-trunk-id' })
        .attributes;
    expect(trunk()).toEqual([]);
    one.pass(15);
    const attached = trunk();
    expect(attached).toMatchObject([{ value: expect.stringMatching(/^eni-[0-9a-f]{17}$/) }]);
    one.instance('i-1');
    expect(trunk()).toEqual(attached);
  });

  it('is not made for a type that takes none, whose instance is ACTIVE at once (D-2.2)', () => {
    const one = new Scene();
    one.call('PutAccountSetting', { name: 'awsvpcTrunking', value: 'enabled' });
    one.instance('i-1', { instanceType: 't3.medium' });
    expect(one.describe('i-1')).toMatchObject({ status: 'ACTIVE', attachments: [] });
  });
});
