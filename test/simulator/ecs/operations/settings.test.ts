import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { settingNames } from '../../../../simulator/ecs/settings.ts';
import { code } from '../fault.ts';
import { rootArn, Scene } from '../scene.ts';

const user = 'arn:aws:iam::111122223333:user/ada';
const role = 'arn:aws:iam::111122223333:role/deploy';
const name = 'containerInstanceLongArnFormat';

/** A call by somebody. */
const by = (scene: Scene, principalArn: string) => (operation: string, input: Record<string, unknown>) =>
  scene.call(operation, input, 0, principalArn);

const effective = (scene: Scene, principalArn: string, setting = name) =>
  by(scene, principalArn)('ListAccountSettings', { name: setting, effectiveSettings: true }).settings[0];

describe('account settings', () => {
  it('are for the caller alone when no principal is named (D-9.55)', () => {
    const scene = new Scene();
    const { setting } = by(scene, user)('PutAccountSetting', { name, value: 'disabled' });
    expect(setting).toEqual({ name, value: 'disabled', principalArn: user, type: 'user' });
    expect(effective(scene, user)).toMatchObject({ value: 'disabled', principalArn: user });
    expect(effective(scene, role)).toMatchObject({ value: 'enabled', principalArn: rootArn });
  });

  it('of the root user are the default of whoever has none, and PutAccountSettingDefault sets just that (D-9.55)', () => {
    const scene = new Scene();
    by(scene, user)('PutAccountSetting', { name, value: 'enabled' });
    scene.call('PutAccountSetting', { name, value: 'disabled' });
    expect(effective(scene, role)).toMatchObject({ value: 'disabled', principalArn: rootArn });
    expect(effective(scene, user)).toMatchObject({ value: 'enabled', principalArn: user });
    by(scene, role)('PutAccountSettingDefault', { name, value: 'enabled' });
    expect(effective(scene, rootArn)).toMatchObject({ value: 'enabled', principalArn: rootArn });
    expect(effective(scene, role)).toMatchObject({ value: 'enabled', principalArn: rootArn });
  });

  it('of a principal who deletes them are the default again, and those of the root user what AWS begins with', () => {
    const scene = new Scene();
    scene.call('PutAccountSettingDefault', { name, value: 'disabled' });
    by(scene, user)('PutAccountSetting', { name, value: 'enabled' });
    const { setting } = by(scene, user)('DeleteAccountSetting', { name });
    expect(setting).toMatchObject({ name, value: 'disabled', principalArn: user });
    scene.call('DeleteAccountSetting', { name });
    expect(effective(scene, user)).toMatchObject({ value: 'enabled', principalArn: rootArn });
  });

  it('of others are for the root user to change, and for nobody else (D-9.55)', () => {
    const scene = new Scene();
    scene.call('PutAccountSetting', { name, value: 'disabled', principalArn: role });
    expect(effective(scene, role)).toMatchObject({ value: 'disabled', principalArn: role });
    for (const operation of ['PutAccountSetting', 'DeleteAccountSetting', 'ListAccountSettings'])
      expect(
        code(() => by(scene, user)(operation, { name, value: 'enabled', principalArn: role })),
      ).toContain(`ClientException: principalArn: expected the caller ${user}`);
  });

  it('of a role hold for whoever has assumed it', () => {
    const scene = new Scene();
    const session = 'arn:aws:sts::111122223333:assumed-role/deploy/session';
    expect(by(scene, session)('PutAccountSetting', { name, value: 'disabled' }).setting).toMatchObject({
      principalArn: role,
    });
    expect(effective(scene, role)?.value).toBe('disabled');
  });

  it('hold for each principal as its own, else the default, else the beginning, whatever was done before', () => {
    const principals = [rootArn, user, role];
    const value = fc.constantFrom('enabled', 'disabled', undefined);
    const step = fc.record({ who: fc.constantFrom(...principals), value });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const scene = new Scene();
        const own = new Map<string, string>();
        for (const { who, value: given } of steps) {
          if (given === undefined) by(scene, who)('DeleteAccountSetting', { name });
          else by(scene, who)('PutAccountSetting', { name, value: given });
          if (given === undefined) own.delete(who);
          else own.set(who, given);
        }
        for (const who of principals) {
          const expected = own.get(who) ?? own.get(rootArn) ?? 'enabled';
          expect(effective(scene, who)?.value).toBe(expected);
        }
      }),
    );
  });
});

describe('ListAccountSettings', () => {
  const list = (scene: Scene, input: Record<string, unknown> = {}) =>
    by(scene, user)('ListAccountSettings', input);

  it('lists what was set for a principal, and what holds with effectiveSettings (D-9.58)', () => {
    const scene = new Scene();
    scene.call('PutAccountSettingDefault', { name, value: 'disabled' });
    expect(list(scene).settings).toEqual([]);
    by(scene, user)('PutAccountSetting', { name: 'awsvpcTrunking', value: 'enabled' });
    expect(list(scene).settings).toMatchObject([{ name: 'awsvpcTrunking', value: 'enabled' }]);
    const all = [1, 2].flatMap((page) => {
      const { nextToken } = list(scene, { effectiveSettings: true });
      return list(scene, { effectiveSettings: true, ...(page === 2 && { nextToken }) }).settings;
    });
    expect(all.map((setting) => setting.name)).toEqual([...settingNames].sort());
    expect(all).toContainEqual({ name, value: 'disabled', principalArn: rootArn, type: 'user' });
    expect(all).toContainEqual(expect.objectContaining({ name: 'guardDutyActivate', type: 'aws_managed' }));
  });

  it('filters by name, and by value beside it (D-9.58)', () => {
    const scene = new Scene();
    by(scene, user)('PutAccountSetting', { name, value: 'disabled' });
    by(scene, user)('PutAccountSetting', { name: 'awsvpcTrunking', value: 'disabled' });
    expect(list(scene, { name, value: 'disabled' }).settings).toHaveLength(1);
    expect(list(scene, { name, value: 'enabled' }).settings).toEqual([]);
  });

  it('gives pages of 1 to 10 (D-5.15, D-9.58)', () => {
    const scene = new Scene();
    const input = { effectiveSettings: true, maxResults: 4 };
    const first = list(scene, input);
    const second = list(scene, { ...input, nextToken: first.nextToken });
    const third = list(scene, { ...input, nextToken: second.nextToken });
    expect([first, second, third].map(({ settings }) => settings.length)).toEqual([4, 4, 3]);
    expect(third.nextToken).toBeUndefined();
    expect(list(scene, { effectiveSettings: true }).settings).toHaveLength(10);
  });

  it.each([
    [{ value: 'enabled' }, 'InvalidParameterException: value: expected a name beside it'],
    [{ name: 'nothing' }, 'InvalidParameterException: name should be one of [serviceLongArnFormat,'],
    [
      { maxResults: 11 },
      'InvalidParameterException: maxResults: expected a whole number from 1 to 10, got 11.',
    ],
    [{ nextToken: 'made-up' }, 'InvalidParameterException: nextToken: expected a token of an earlier page'],
    [{ principalArn: 'ada' }, 'InvalidParameterException: principalArn: expected a user, a role or the root'],
  ])('refuses %j', (input, message) => {
    expect(code(() => list(new Scene(), input))).toContain(message);
  });
});

describe('PutAccountSetting', () => {
  it.each([
    ['serviceLongArnFormat', 'off'],
    ['awsvpcTrunking', 'enabled'],
    ['containerInsights', 'enhanced'],
    ['fargateTaskRetirementWaitPeriod', '14'],
    ['defaultLogDriverMode', 'blocking'],
  ])('takes %s %s (D-9.54)', (setting, value) => {
    expect(new Scene().call('PutAccountSetting', { name: setting, value }).setting).toMatchObject({ value });
  });

  it.each([
    [{ name: 'others', value: 'enabled' }, 'name should be one of [serviceLongArnFormat,'],
    [{ name: '', value: 'enabled' }, 'name cannot be blank.'],
    [{ name, value: 'enhanced' }, 'value should be one of [enabled, disabled, on, off], got "enhanced".'],
    [{ name, value: '' }, 'value cannot be blank.'],
    [{ name: 'fargateTaskRetirementWaitPeriod', value: '8' }, 'value should be one of [0, 7, 14]'],
    [
      { name: 'fargateTaskRetirementWaitPeriod', value: '7', principalArn: user },
      `fargateTaskRetirementWaitPeriod: expected the root user as principal, got ${user}.`,
    ],
    [{ name: 'guardDutyActivate', value: 'on' }, 'guardDutyActivate is managed by AWS and read only.'],
    [
      { name, value: 'enabled', principalArn: 'arn:aws:iam::999999999999:root' },
      'principalArn: expected a user, a role or the root user of this account',
    ],
    [
      { name, value: 'enabled', principalArn: 'arn:aws:sts::111122223333:federated-user/ada' },
      'principalArn: expected a user, a role or the root user of this account',
    ],
  ])('refuses %j (D-9.54, D-9.55)', (input, message) => {
    expect(code(() => new Scene().call('PutAccountSetting', input))).toContain(
      `InvalidParameterException: ${message}`,
    );
  });
});

describe('the form of ARNs (D-9.56, D-9.67)', () => {
  const off = (scene: Scene, setting: string, principalArn = rootArn) =>
    by(scene, principalArn)('PutAccountSetting', { name: setting, value: 'disabled' });
  const short = (kind: string) =>
    new RegExp(`^arn:aws:ecs:eu-west-1:111122223333:${kind}/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`);

  it('of a container instance is that of its registration, and stays when the setting changes (D-9.2)', () => {
    const scene = new Scene();
    scene.instance('i-1');
    off(scene, name);
    scene.instance('i-2');
    scene.call('DeleteAccountSetting', { name });
    const arns = ['i-1', 'i-2'].map((id) => String(scene.describe(id).containerInstanceArn));
    expect(arns[0]).toContain(':container-instance/demo/');
    expect(arns[1]).toMatch(short('container-instance'));
    expect([...scene.call('ListContainerInstances').containerInstanceArns].sort()).toEqual(arns.sort());
    expect(scene.drain('i-2').containerInstances).toMatchObject([{ status: 'DRAINING' }]);
  });

  it('of a task is that of who runs it, of a service task that of who created the service (D-13.45)', () => {
    const scene = new Scene();
    scene.instance('i-1');
    scene.definition('web');
    off(scene, 'taskLongArnFormat', user);
    const { tasks } = by(scene, user)('RunTask', { taskDefinition: 'web' });
    expect(tasks[0]?.taskArn).toMatch(short('task'));
    expect(scene.call('RunTask', { taskDefinition: 'web' }).tasks[0]?.taskArn).toContain(':task/demo/');
    by(scene, user)('CreateService', { serviceName: 'web', taskDefinition: 'web', desiredCount: 1 });
    scene.pass(10);
    expect(scene.tasksOf('service:web')[0]?.taskArn).toMatch(short('task'));
    const named = [tasks[0]?.taskArn, tasks[0]?.taskArn.split('/').at(-1)];
    expect(scene.call('DescribeTasks', { tasks: named }).tasks).toHaveLength(1);
  });

  it('of a service is that of its creator on every reply and event, and two clusters may have the same one', () => {
    const scene = new Scene();
    off(scene, 'serviceLongArnFormat');
    scene.call('CreateCluster', { clusterName: 'other' });
    scene.definition('web');
    const serviceArn = 'arn:aws:ecs:eu-west-1:111122223333:service/web';
    for (const cluster of ['demo', 'other']) {
      const input = { cluster, serviceName: 'web', taskDefinition: 'web', desiredCount: 0 };
      expect(scene.call('CreateService', input).service.serviceArn).toBe(serviceArn);
      expect(scene.call('ListServices', { cluster }).serviceArns).toEqual([serviceArn]);
      const { services } = scene.call('DescribeServices', { cluster, services: [serviceArn] });
      expect(services).toMatchObject([{ clusterArn: expect.stringContaining(cluster), serviceArn }]);
    }
    const events = scene.heard('ECS Deployment State Change');
    expect(events.map(({ resources }) => resources)).toEqual([[serviceArn], [serviceArn]]);
  });

  it('does not lead from one cluster to another: an instance or task of a short ARN is MISSING elsewhere', () => {
    const scene = new Scene();
    off(scene, name);
    off(scene, 'taskLongArnFormat');
    scene.instance('i-1');
    scene.definition('web');
    const { tasks } = scene.call('RunTask', { taskDefinition: 'web' });
    scene.call('CreateCluster', { clusterName: 'other' });
    const cluster = 'other';
    const containerInstances = [scene.idOf('i-1')];
    expect(scene.call('DescribeContainerInstances', { cluster, containerInstances }).failures).toMatchObject([
      { reason: 'MISSING' },
    ]);
    expect(scene.call('DescribeTasks', { cluster, tasks: [tasks[0]?.taskArn] }).failures).toMatchObject([
      { reason: 'MISSING' },
    ]);
  });
});
