import { describe, expect, it } from 'vitest';
import { inVpc, Scene, statuses, targetGroupArn } from './scene.ts';

const balanced = { loadBalancers: [{ targetGroupArn, containerName: 'app', containerPort: 80 }] };

/** One running task of RunTask, with its events heard already. */
function standalone(
  labels: Record<string, number> = {},
  container: Record<string, unknown> = {},
  more: Record<string, unknown> = {},
) {
  const scene = new Scene();
  scene.instance('i-1');
  scene.definition('job', labels, container, more);
  const network = more.networkMode === 'awsvpc' ? inVpc : {};
  const { tasks } = scene.call('RunTask', { taskDefinition: 'job', ...network });
  const task = tasks[0]?.taskArn ?? '';
  return { scene, task };
}

/** A steady service of one task behind a load balancer. */
function behindLoadBalancer(deregistrationDelaySeconds: number) {
  const scene = new Scene();
  scene.instance('i-1');
  scene.definition('web');
  scene.ecs.putTargetGroup({ targetGroupArn, deregistrationDelaySeconds, healthySeconds: 15 });
  scene.service('web', { desiredCount: 1, ...balanced });
  return scene;
}

const ladder = (scene: Scene) =>
  scene.taskEvents().map(({ at, detail }) => [at, statuses(detail), detail.version]);

describe('a task', () => {
  it('has an event with the next version at each step up to RUNNING (D-1.14, D-9.33)', () => {
    const { scene } = standalone({ 'start-seconds': 7 });
    scene.pass(10);
    expect(ladder(scene)).toEqual([
      [0, 'RUNNING/PENDING', 1],
      [7, 'RUNNING/RUNNING', 2],
    ]);
  });

  it('keeps running after the decision to stop it, until SIGTERM has ended it (D-1.16, D-2.35)', () => {
    const { scene, task } = standalone({ 'stop-seconds': 8 });
    scene.pass(10);
    scene.heard();
    scene.call('StopTask', { task, reason: 'because' });
    scene.pass(20);
    expect(ladder(scene)).toEqual([
      [10, 'STOPPED/RUNNING', 3],
      [10.5, 'STOPPED/STOPPING', 4],
      [18.5, 'STOPPED/STOPPED', 5],
    ]);
    const [stopped] = scene.call('DescribeTasks', { tasks: [task] }).tasks;
    expect(stopped).toMatchObject({ stopCode: 'UserInitiated', stoppedReason: 'because' });
    expect(stopped).toMatchObject({ containers: [{ lastStatus: 'STOPPED', exitCode: 0 }] });
  });

  it.each([
    ['30 s after SIGTERM unless stopTimeout says otherwise', {}, 30],
    ['at stopTimeout', { stopTimeout: 5 }, 5],
    ['earlier when the container ends earlier', { stopTimeout: 120 }, 90],
  ])('is killed %s (D-2.35)', (_, container, seconds) => {
    const { scene, task } = standalone({ 'stop-seconds': 90 }, container);
    scene.pass(10);
    scene.call('StopTask', { task });
    scene.pass(200);
    const [record] = scene.ecs.taskRecords();
    expect(((record?.stoppedAt ?? 0) - (record?.sigtermAt ?? 0)) / 1000).toBe(seconds);
    const exitCode = seconds === 90 ? 0 : 137;
    expect(record?.containers[0]?.exitCode).toBe(exitCode);
  });

  it('ends without SIGTERM when its containers are not up yet', () => {
    const { scene, task } = standalone({ 'start-seconds': 30, 'stop-seconds': 20 });
    scene.pass(10);
    scene.heard();
    scene.call('StopTask', { task });
    scene.pass(60);
    expect(ladder(scene)).toEqual([
      [10, 'STOPPED/PENDING', 2],
      [10.5, 'STOPPED/STOPPED', 3],
    ]);
  });

  it('stops by itself when an essential container exits (D-1.10c)', () => {
    const { scene, task } = standalone({ 'exit-after-seconds': 60 });
    scene.pass(10);
    scene.heard();
    scene.pass(100);
    expect(ladder(scene)).toEqual([[63, 'STOPPED/STOPPED', 3]]);
    const [stopped] = scene.call('DescribeTasks', { tasks: [task] }).tasks;
    expect(stopped).toMatchObject({
      stopCode: 'EssentialContainerExited',
      stoppedReason: 'Essential container in task exited',
    });
  });

  it('stops its other containers first when an essential one exits', () => {
    const scene = new Scene();
    scene.instance('i-1');
    const containerDefinitions = [
      { name: 'app', image: 'a', memory: 8, dockerLabels: { 'simulator.exit-after-seconds': '10' } },
      { name: 'proxy', image: 'p', memory: 8, dockerLabels: { 'simulator.stop-seconds': '20' } },
      {
        name: 'log',
        image: 'l',
        memory: 8,
        essential: false,
        dockerLabels: { 'simulator.exit-after-seconds': '1' },
      },
    ];
    scene.call('RegisterTaskDefinition', { family: 'pair', containerDefinitions });
    scene.call('RunTask', { taskDefinition: 'pair' });
    scene.pass(60);
    expect(ladder(scene).at(-1)).toEqual([33, 'STOPPED/STOPPED', 3]);
  });

  it('has a network interface attached before and detached after, in awsvpc mode (D-9.33)', () => {
    const { scene, task } = standalone({}, {}, { networkMode: 'awsvpc' });
    scene.pass(10);
    scene.call('StopTask', { task });
    scene.pass(20);
    expect(ladder(scene).map(([, both]) => both)).toEqual([
      'RUNNING/PROVISIONING',
      'RUNNING/PENDING',
      'RUNNING/RUNNING',
      'STOPPED/RUNNING',
      'STOPPED/STOPPING',
      'STOPPED/DEPROVISIONING',
      'STOPPED/STOPPED',
    ]);
  });

  it('has an event of its instance when it has ended by itself and given its interface back (D-1.10c)', () => {
    const { scene } = standalone({ 'exit-after-seconds': 10 }, {}, { networkMode: 'awsvpc' });
    scene.pass(10);
    scene.heard();
    scene.pass(60);
    const said = scene.heard().map(({ at, detail }) => [at, detail.lastStatus ?? 'instance']);
    expect(said).toEqual([
      [15, 'DEPROVISIONING'],
      [18, 'STOPPED'],
      [18, 'instance'],
    ]);
  });

  it('does not go back to its load balancer when it ends just after the decision to stop it', () => {
    const scene = new Scene();
    scene.instance('i-1');
    scene.definition('web', { 'exit-after-seconds': 100 }, {}, { networkMode: 'awsvpc' });
    scene.ecs.putTargetGroup({ targetGroupArn, deregistrationDelaySeconds: 60, healthySeconds: 1 });
    const networkConfiguration = { awsvpcConfiguration: { subnets: ['subnet-1'] } };
    scene.service('web', { desiredCount: 1, ...balanced, networkConfiguration }, 0);
    // A pass after 1 s, 2 s for the interface, 3 s to start, then 100 s.
    scene.pass(105.8);
    scene.heard();
    scene.call('StopTask', { task: scene.live()[0]?.taskArn });
    scene.pass(30);
    const arn = scene.ecs.taskRecords()[0]?.taskArn;
    const steps = scene.taskEvents().filter(({ resources }) => resources[0] === arn);
    expect(steps.map(({ detail }) => statuses(detail))).toEqual([
      'STOPPED/RUNNING',
      'STOPPED/DEPROVISIONING',
      'STOPPED/STOPPED',
    ]);
  });

  it('leaves its load balancer before SIGTERM (D-2.34, D-13.8, D-10.6)', () => {
    const scene = behindLoadBalancer(120);
    const [task] = scene.tasksOf('service:web');
    scene.heard();
    scene.call('StopTask', { task: task?.taskArn });
    scene.pass(130);
    const steps = scene.taskEvents().filter(({ resources }) => resources[0] === task?.taskArn);
    expect(steps.map(({ at, detail }) => [at, statuses(detail)])).toEqual([
      [60, 'STOPPED/RUNNING'],
      [60.5, 'STOPPED/DEACTIVATING'],
      [180.5, 'STOPPED/STOPPING'],
      [182.5, 'STOPPED/STOPPED'],
    ]);
  });

  it('is ACTIVATING while its target is registered (D-9.33)', () => {
    const scene = behindLoadBalancer(0);
    expect(scene.taskEvents().map(({ detail }) => detail.lastStatus)).toEqual([
      'PENDING',
      'ACTIVATING',
      'RUNNING',
    ]);
  });

  it('leaves its load balancer also when it is only ACTIVATING: its target is there already (D-2.17, D-2.34)', () => {
    const scene = behindLoadBalancer(60);
    scene.call('StopTask', { task: scene.tasksOf('service:web')[0]?.taskArn });
    const activating = () => scene.ecs.taskRecords().find(({ lastStatus }) => lastStatus === 'ACTIVATING');
    for (let tenths = 0; !activating() && tenths < 300; tenths++) scene.pass(0.1);
    const taskArn = activating()?.taskArn;
    scene.call('StopTask', { task: taskArn });
    scene.pass(59);
    const record = () => scene.ecs.taskRecords().find((task) => task.taskArn === taskArn);
    expect(record()?.lastStatus).toBe('DEACTIVATING');
    scene.pass(10);
    expect(record()?.lastStatus).toBe('STOPPED');
  });

  it('is forgotten an hour after it stopped, but not by the records (D-5.18)', () => {
    const { scene, task } = standalone({ 'exit-after-seconds': 7 });
    scene.pass(10 + 3599);
    expect(scene.call('DescribeTasks', { tasks: [task] }).failures).toEqual([]);
    scene.pass(2);
    expect(scene.call('DescribeTasks', { tasks: [task] }).failures).toEqual([
      { arn: task, reason: 'MISSING' },
    ]);
    expect(scene.ecs.taskRecords()).toMatchObject([{ taskArn: task, lastStatus: 'STOPPED' }]);
  });

  it('shows its host ports once it runs, dynamic ones each its own (D-9.69)', () => {
    const scene = new Scene();
    scene.instance('i-1');
    const portMappings = [{ containerPort: 80 }, { containerPort: 443, hostPort: 443 }];
    scene.definition('web', {}, { portMappings: portMappings.slice(0, 1) });
    const run = () => scene.call('RunTask', { taskDefinition: 'web' }).tasks[0]?.taskArn ?? '';
    const tasks = [run(), run()];
    const ports = () =>
      scene
        .call('DescribeTasks', { tasks })
        .tasks.flatMap(({ containers }) => containers as { networkBindings: { hostPort: number }[] }[])
        .map(({ networkBindings }) => networkBindings.map(({ hostPort }) => hostPort));
    expect(ports()).toEqual([[], []]);
    scene.pass(5);
    expect(ports()).toEqual([[32_768], [32_769]]);
  });
});

describe('a task on an instance without agent connection (D-2.44, D-10.7)', () => {
  it('is not stopped before the agent is back', () => {
    const { scene, task } = standalone();
    scene.pass(10);
    scene.connection('i-1', false);
    scene.heard();
    scene.call('StopTask', { task });
    scene.pass(300);
    expect(ladder(scene)).toEqual([[10, 'STOPPED/RUNNING', 3]]);
    scene.connection('i-1', true);
    scene.pass(10);
    expect(ladder(scene)).toEqual([
      [310, 'STOPPED/STOPPING', 4],
      [312, 'STOPPED/STOPPED', 5],
    ]);
  });

  it('leaves its load balancer meanwhile, for which ECS needs no agent', () => {
    const scene = behindLoadBalancer(120);
    scene.connection('i-1', false);
    const [task] = scene.tasksOf('service:web');
    scene.call('StopTask', { task: task?.taskArn });
    scene.pass(500);
    expect(scene.ecs.taskRecords()[0]?.lastStatus).toBe('DEACTIVATING');
    expect(scene.ecs.taskRecords()[0]?.sigtermAt).toBeUndefined();
    scene.connection('i-1', true);
    expect(scene.ecs.taskRecords()[0]?.lastStatus).toBe('STOPPING');
  });

  it('has ended on the host, which ECS learns when the agent is back', () => {
    const { scene, task } = standalone({ 'exit-after-seconds': 20 });
    scene.pass(10);
    scene.connection('i-1', false);
    scene.pass(100);
    const seen = () => scene.call('DescribeTasks', { tasks: [task] }).tasks[0];
    expect(seen()).toMatchObject({ lastStatus: 'RUNNING', desiredStatus: 'RUNNING' });
    expect(seen()?.executionStoppedAt).toBeUndefined();
    expect(seen()).not.toMatchObject({ containers: [{ exitCode: 0 }] });
    scene.connection('i-1', true);
    const [record] = scene.ecs.taskRecords();
    expect(record?.lastStatus).toBe('STOPPED');
    expect(((record?.stoppedAt ?? 0) - (record?.executionStoppedAt ?? 0)) / 1000).toBe(110 - 23);
  });

  it('comes up on the host, which ECS learns when the agent is back', () => {
    const { scene } = standalone({ 'start-seconds': 20 });
    scene.connection('i-1', false);
    scene.pass(60);
    expect(scene.live()[0]?.lastStatus).toBe('PENDING');
    scene.connection('i-1', true);
    expect(scene.live()[0]?.lastStatus).toBe('RUNNING');
  });
});

it('a task that was stopping when its instance was deregistered by force stays as its last event shows it (D-9.16)', () => {
  const one = new Scene();
  one.instance('i-1');
  one.definition('web', { 'stop-seconds': 20 });
  one.service('web', { desiredCount: 1 });
  const [task] = one.live();
  one.call('StopTask', { task: task?.taskArn });
  one.pass(5);
  one.call('DeregisterContainerInstance', { containerInstance: one.idOf('i-1'), force: true });
  const own = one.taskEvents().filter(({ detail }) => detail.taskArn === task?.taskArn);
  const last = own.at(-1);
  expect(last?.detail.lastStatus).toBe('STOPPED');
  one.pass(60);
  const [shown] = one.call('DescribeTasks', { tasks: [task?.taskArn] }).tasks;
  expect(shown?.version).toBe(last?.detail.version);
  expect(shown?.containers).toEqual(last?.detail.containers);
});
