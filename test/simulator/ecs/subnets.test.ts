import { describe, expect, it } from 'vitest';
import { fleet, messagesOf, running } from './fleet.ts';
import { Scene } from './scene.ts';

const [a, b] = ['eu-west-1a', 'eu-west-1b'];
const inSubnets = (...subnets: readonly string[]) => ({
  networkConfiguration: { awsvpcConfiguration: { subnets } },
});

/** `i-1` in zone a and `i-2` in zone b; of the subnets `in-a` and `in-b` the zones are told, of `anywhere` not. */
function scene() {
  const one = fleet(2);
  for (const [subnetId, availabilityZone] of [
    ['in-a', a],
    ['in-b', b],
  ] as const)
    one.ecs.putSubnet({ subnetId, availabilityZone: String(availabilityZone) });
  one.definition('web', {}, {}, { networkMode: 'awsvpc' });
  return one;
}
const arnOf = (one: Scene, id: string) => one.record(id).containerInstanceArn;

describe('a task in awsvpc mode', () => {
  it.each([
    [['in-b'], ['i-1']],
    [['in-a', 'in-b'], []],
    [['anywhere'], []],
    [['in-b', 'anywhere'], []],
  ])('with the subnets %j cannot be started on %j: LOCATION (D-9.60)', (subnets, refused) => {
    const one = scene();
    const containerInstances = ['i-1', 'i-2'].map((id) => arnOf(one, id));
    const input = { taskDefinition: 'web', containerInstances, ...inSubnets(...subnets) };
    const { tasks, failures } = one.call('StartTask', input);
    expect(failures).toEqual(refused.map((id) => ({ arn: arnOf(one, id), reason: 'LOCATION' })));
    expect(tasks).toHaveLength(2 - refused.length);
  });

  it('goes only to instances in the zones of its subnets, and RunTask names the others (D-9.60)', () => {
    const one = scene();
    const input = { taskDefinition: 'web', count: 2, ...inSubnets('in-b') };
    expect(one.call('RunTask', input).tasks.map(({ availabilityZone }) => availabilityZone)).toEqual([b, b]);
    one.drain('i-2');
    expect(one.call('RunTask', input).failures).toEqual([{ arn: arnOf(one, 'i-1'), reason: 'LOCATION' }]);
  });

  it('of a service waits for an instance in its zone, and is not moved to another zone (D-2.41, D-9.60)', () => {
    const one = scene();
    one.drain('i-2');
    one.service('web', inSubnets('in-b'));
    expect(messagesOf(one)[0]).toContain('encountered error "LOCATION".');
    one.drain('i-2', 'ACTIVE');
    one.pass(3_600);
    expect([running(one, 'i-1'), running(one, 'i-2')]).toEqual([0, 2]);
    expect(messagesOf(one).join()).not.toContain('AZ');
  });

  it('on Fargate is in the zones of its subnets, where they are told (D-9.60)', () => {
    const one = new Scene();
    one.ecs.putSubnet({ subnetId: 'in-b', availabilityZone: String(b) });
    one.definition('fargate', {}, {}, { networkMode: 'awsvpc', cpu: '256', memory: '512' });
    const input = { taskDefinition: 'fargate', launchType: 'FARGATE', count: 2 };
    const zones = (...subnets: readonly string[]) =>
      one.call('RunTask', { ...input, ...inSubnets(...subnets) }).tasks.map((task) => task.availabilityZone);
    expect(zones('in-b')).toEqual([b, b]);
    expect(zones('in-b', 'anywhere')).toEqual([a, b]);
  });
});
