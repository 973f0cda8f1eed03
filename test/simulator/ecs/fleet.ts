import { Scene, targetGroupArn } from './scene.ts';

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
