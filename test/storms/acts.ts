import { registerWorkload, setDesiredCapacity, stewardHook, tagGroup } from '../../demo/cluster.ts';
import { packagedTemplate } from '../../demo/install.ts';
import type { Account } from '../../simulator/account.ts';
import { Fault } from '../../simulator/machine.ts';
import { type Act, clusterName } from './plan.ts';

/** Does what an act says, as far as there is something to do it to; what AWS refuses does not happen. */
export function perform(account: Account, act: Act): void {
  try {
    doers[act.act](account, act as never);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    account.world.record('operator', { did: act.act, refused: error.code });
  }
}

type Doers = { readonly [Name in Act['act']]: (account: Account, act: Extract<Act, { act: Name }>) => void };

const doers: Doers = {
  scale: (account, { group, instances }) => setDesiredCapacity(account, group, instances),
  terminate: (account, { group, nth, isReplaced }) => {
    const InstanceId = instanceOf(account, group, nth);
    if (InstanceId === undefined) return;
    account.call('autoscaling', 'TerminateInstanceInAutoScalingGroup', {
      InstanceId,
      ShouldDecrementDesiredCapacity: !isReplaced,
    });
  },
  refresh: (account, { group }) => {
    account.call('autoscaling', 'StartInstanceRefresh', {
      AutoScalingGroupName: group,
      Preferences: { MinHealthyPercentage: 50, InstanceWarmup: 30 },
    });
  },
  interrupt: (account, { group, nth }) => {
    const instanceId = instanceOf(account, group, nth);
    if (instanceId) account.hear(account.ec2.interrupt(account.world.now, instanceId));
  },
  'kill-instance': (account, { group, nth }) => {
    const instanceId = instanceOf(account, group, nth);
    if (instanceId) account.hear(account.ec2.terminate(account.world.now, instanceId));
  },
  'lose-agent': (account, { group, nth, seconds }) => {
    const instanceId = instanceOf(account, group, nth);
    if (instanceId) account.disconnectAgent(instanceId, seconds);
  },
  'forget-agent': (account, { group, nth }) => {
    const instanceId = instanceOf(account, group, nth);
    if (instanceId) account.forgetAgent(instanceId);
  },
  drain: (account, { group, nth }) => setStatus(account, group, nth, 'DRAINING'),
  activate: (account, { group, nth }) => setStatus(account, group, nth, 'ACTIVE'),
  deregister: (account, { group, nth }) => {
    const containerInstance = registrationOf(account, group, nth);
    if (!containerInstance) return;
    const input = { cluster: clusterName, containerInstance, force: true };
    account.call('ecs', 'DeregisterContainerInstance', input);
  },
  'crash-task': (account, { nth }) => {
    const running = account.ecs.taskRecords().filter(({ lastStatus }) => lastStatus === 'RUNNING');
    const task = running[nth % running.length];
    if (task) account.hear(account.ecs.taskExits(account.world.now, task.taskArn, 1));
  },
  deploy: (account, { service }) => {
    account.call('ecs', 'UpdateService', { cluster: clusterName, service, forceNewDeployment: true });
  },
  resize: (account, { service, desiredCount }) => {
    account.call('ecs', 'UpdateService', { cluster: clusterName, service, desiredCount });
  },
  run: (account, { exitAfterSeconds }) => {
    const job = { name: `job-${exitAfterSeconds}`, cpu: 64, memoryMib: 64, exitAfterSeconds };
    registerWorkload(account, job);
    account.call('ecs', 'RunTask', { cluster: clusterName, taskDefinition: job.name });
  },
  shortage: (account, { group, seconds }) => {
    account.setCapacity(group, false);
    later(account, seconds, () => account.setCapacity(group, true));
  },
  tag: (account, { group, key, value }) => {
    if (value !== undefined) return tagGroup(account, group, { [key]: value });
    const tag = { ResourceId: group, ResourceType: 'auto-scaling-group', Key: key };
    account.call('autoscaling', 'DeleteTags', { Tags: [tag] });
  },
  unhook: (account, { group }) => {
    account.call('autoscaling', 'DeleteLifecycleHook', {
      AutoScalingGroupName: group,
      LifecycleHookName: stewardHook,
    });
  },
  'rules-off': (account, { seconds }) => {
    setRules(account, 'DisableRule');
    later(account, seconds, () => setRules(account, 'EnableRule'));
  },
  'calls-off': (account, { seconds }) => {
    const until = account.world.now + seconds * 1000;
    account.endpoint.faults.refuse = ({ service, functionName }) => {
      const isOurs = functionName !== undefined && service !== 'sqs' && account.world.now < until;
      if (isOurs) throw new Fault('ServiceUnavailable', 'out of service', 503);
    };
  },
  'code-off': (account, { seconds }) => {
    const until = account.world.now + seconds * 1000;
    account.lambda.faults.crash = () => account.world.now < until;
  },
  upgrade: (account) => {
    const TemplateBody = JSON.stringify(versionOf(String(account.world.now)));
    account.call('cloudformation', 'UpdateStack', { StackName, TemplateBody, Capabilities });
  },
  uninstall: (account) => {
    account.call('cloudformation', 'DeleteStack', { StackName });
  },
};

const StackName = 'ecs-steward-local';
const Capabilities = ['CAPABILITY_IAM'];

/** The template with something changed on every function: their environments end, as with another version of the code. */
function versionOf(version: string): unknown {
  const { Resources, ...rest } = packagedTemplate() as {
    Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>;
  };
  const changed = Object.entries(Resources).map(([id, resource]) => {
    if (resource.Type !== 'AWS::Lambda::Function') return [id, resource];
    return [id, { ...resource, Properties: { ...resource.Properties, Description: version } }];
  });
  return { ...rest, Resources: Object.fromEntries(changed) };
}

/** How the stack stands; undefined: nobody knows of it any more. */
export function stackStatus(account: Account): string | undefined {
  const { Stacks } = account.call('cloudformation', 'DescribeStacks', {});
  const stacks = Stacks as { StackName: string; StackStatus: string }[];
  return stacks.find((stack) => stack.StackName === StackName)?.StackStatus;
}

function later(account: Account, seconds: number, run: () => void): void {
  account.world.at(account.world.now + seconds * 1000, run);
}

/** An instance that runs in the group, whatever Auto Scaling does with it. */
function instanceOf(account: Account, group: string, nth: number): string | undefined {
  const running = account.ec2.all().filter(({ instanceId, state }) => {
    return state === 'running' && account.autoscaling.groupNameOf(instanceId) === group;
  });
  return running[nth % running.length]?.instanceId;
}

function registrationOf(account: Account, group: string, nth: number): string | undefined {
  const instanceId = instanceOf(account, group, nth);
  const own = account.ecs
    .containerInstanceRecords()
    .filter(({ ec2InstanceId, status }) => ec2InstanceId === instanceId && status !== 'INACTIVE');
  return own.at(-1)?.containerInstanceArn;
}

function setStatus(account: Account, group: string, nth: number, status: 'DRAINING' | 'ACTIVE'): void {
  const containerInstance = registrationOf(account, group, nth);
  if (!containerInstance) return;
  account.call('ecs', 'UpdateContainerInstancesState', {
    cluster: clusterName,
    containerInstances: [containerInstance],
    status,
  });
}

/** Every rule of the stack, schedules too. */
export function setRules(account: Account, operation: 'DisableRule' | 'EnableRule'): void {
  const { Rules } = account.call('events', 'ListRules', {});
  for (const { Name } of Rules as { Name: string }[]) account.call('events', operation, { Name });
}
