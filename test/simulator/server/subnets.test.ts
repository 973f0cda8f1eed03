import { afterEach, expect, it } from 'vitest';
import { Account } from '../../../simulator/account.ts';
import { Scene } from './scene.ts';

let here: Scene | undefined;

afterEach(() => here?.server.stop());

it('POST subnet tells the zone of a subnet, where its tasks are from then on (D-9.60)', async () => {
  const account = new Account({ seed: 1 });
  account.call('ecs', 'CreateCluster', { clusterName: 'shop' });
  const definition = { family: 'web', networkMode: 'awsvpc', cpu: '256', memory: '512' };
  const containerDefinitions = [{ name: 'app', image: 'app:1' }];
  account.call('ecs', 'RegisterTaskDefinition', { ...definition, containerDefinitions });
  here = await Scene.open({ site: { account } });
  const zone = () => {
    const networkConfiguration = { awsvpcConfiguration: { subnets: ['subnet-1'] } };
    const input = { cluster: 'shop', taskDefinition: 'web', launchType: 'FARGATE', networkConfiguration };
    const { tasks } = account.call('ecs', 'RunTask', input);
    return (tasks as { availabilityZone: string }[])[0]?.availabilityZone;
  };
  expect(zone()).toBe('eu-west-1a');
  const subnet = { subnetId: 'subnet-1', availabilityZone: 'eu-west-1c' };
  expect(await here.control('subnet', subnet)).toEqual(subnet);
  expect(zone()).toBe('eu-west-1c');
  const { status, text } = await here.ask('/_simulator/subnet', { subnetId: 'subnet-1' });
  expect({ status, ...JSON.parse(text) }).toMatchObject({
    status: 400,
    error: expect.stringContaining('availabilityZone: '),
  });
});
