import { Fault } from '../../../simulator/machine.ts';
import { groupArn, inVpc, Scene, targetGroupArn } from './scene.ts';

/** A load balancer in front of the container `app`. */
export const balanced = { loadBalancers: [{ targetGroupArn, containerName: 'app', containerPort: 80 }] };

/** So many instances `i-1`, `i-2` ... in two zones. */
export function fleet(count: number, switches = {}) {
  const scene = new Scene(switches);
  for (let number = 1; number <= count; number++)
    scene.instance(`i-${number}`, { availabilityZone: `eu-west-1${number % 2 ? 'a' : 'b'}` });
  scene.definition('web');
  return scene;
}

/** Tasks on an instance that are wanted. */
export const running = (scene: Scene, ec2InstanceId: string) =>
  scene.tasksOn(ec2InstanceId).filter(({ desiredStatus }) => desiredStatus === 'RUNNING').length;

/** Decisions to stop a running task. */
export const stopped = (scene: Scene) =>
  scene
    .taskEvents()
    .filter(({ detail }) => detail.desiredStatus === 'STOPPED' && detail.lastStatus === 'RUNNING');

/** The service's own messages, the newest first. */
export const messagesOf = (scene: Scene, service = 'web') =>
  scene.call('DescribeServices', { services: [service] }).services[0]?.events.map(({ message }) => message) ??
  [];

/** A definition that can run on Fargate. */
export const onFargate = { networkMode: 'awsvpc', cpu: '256', memory: '512' };

/**
 * A cluster with the providers `blue` and `green` of two groups, FARGATE and FARGATE_SPOT; the definition `web` for EC2
 * and `fargate` for both. Of the groups' instances there are as many as told.
 */
export function providers(counts: { blue?: number; green?: number } = {}, switches = {}) {
  const scene = new Scene(switches);
  for (const name of ['blue', 'green'])
    scene.call('CreateCapacityProvider', {
      name,
      autoScalingGroupProvider: { autoScalingGroupArn: groupArn(name) },
    });
  associate(scene, ['blue', 'green', 'FARGATE', 'FARGATE_SPOT']);
  scene.pass(10);
  for (const [name, count] of Object.entries(counts))
    for (let number = 1; number <= count; number++)
      scene.instance(`i-${name}-${number}`, { autoScalingGroupName: name });
  scene.definition('web');
  scene.definition('fargate', {}, {}, onFargate);
  return scene;
}

/** PutClusterCapacityProviders. */
export const associate = (
  scene: Scene,
  capacityProviders: readonly string[],
  defaultCapacityProviderStrategy: readonly object[] = [],
) =>
  scene.call('PutClusterCapacityProviders', { capacityProviders, defaultCapacityProviderStrategy }).cluster;

/** `blue:2:1` is the provider blue with weight 2 and base 1. */
export const strategy = (...items: readonly string[]) => ({
  capacityProviderStrategy: items.map((item) => {
    const [capacityProvider, weight = '0', base = '0'] = item.split(':');
    return { capacityProvider, weight: Number(weight), base: Number(base) };
  }),
});

/** A service on Fargate by that strategy. */
export const fargateService = (scene: Scene, more: Record<string, unknown> = {}, seconds = 60) =>
  scene.service('web', { taskDefinition: 'fargate', ...inVpc, ...more }, seconds);

/** How many wanted tasks each provider has; `undefined` stands for those without one. */
export function shares(scene: Scene): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { capacityProviderName } of wanted(scene)) {
    const name = String(capacityProviderName);
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

const wanted = (scene: Scene) => scene.live().filter(({ desiredStatus }) => desiredStatus === 'RUNNING');

/** The code and the message with which a call is refused. */
export function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof Fault) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** How many wanted tasks a task set or a deployment has. */
export const inSet = (scene: Scene, id: string) =>
  wanted(scene).filter(({ startedBy }) => startedBy === id).length;
