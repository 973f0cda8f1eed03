import type { Account } from '../account.ts';
import { type Instance, instanceTypes } from '../ec2/ec2.ts';
import type { Outcome } from '../machine.ts';
import { badField, Fields } from './input.ts';
import type { Answer, Room, Route } from './route.ts';

type Act = (account: Account, instance: Instance) => Outcome[];

/** What can be done to an EC2 instance by hand, and in which states it must be for that (undefined: not ended). */
const actions: Readonly<Record<string, { readonly state?: Instance['state']; readonly act: Act }>> = {
  'spot-interruption': { act: ({ ec2, world }, { instanceId }) => ec2.interrupt(world.now, instanceId) },
  'rebalance-recommendation': {
    state: 'running',
    act: ({ ec2 }, { instanceId }) => ec2.recommendRebalance(instanceId),
  },
  stop: {
    state: 'running',
    act: (_, { instanceId }) => [{ kind: 'stop-instance', instanceId, hibernates: false }],
  },
  start: { state: 'stopped', act: (_, { instanceId }) => [{ kind: 'start-instance', instanceId }] },
  terminate: { act: (_, { instanceId }) => [{ kind: 'terminate-instance', instanceId }] },
  'agent-disconnect': { state: 'running', act: (account, instance) => connection(account, instance, false) },
  'agent-connect': { state: 'running', act: (account, instance) => connection(account, instance, true) },
};

/** EC2 as far as ECS and Auto Scaling notice it: launch templates, and what befalls instances. */
export const instanceRoutes: Readonly<Record<string, Route>> = {
  ec2: {
    GET: (room) => room.clock.alone(() => ({ instances: room.account().ec2.all().map(shown) })),
    POST: (room, { text }) => {
      const fields = Fields.of(text, ['instanceId', 'action']);
      const { state, act } = actions[fields.oneOf('action', Object.keys(actions))] ?? {};
      const instanceId = fields.text('instanceId', 'the id of an EC2 instance');
      return room.clock.alone(() => {
        const account = room.account();
        const instance = instanceIn(account, instanceId, state);
        account.hear(act?.(account, instance) ?? []);
        return shown(account.ec2.instance(instanceId));
      });
    },
  },
  'launch-template': { POST: (room, { text }) => putLaunchTemplate(room, text) },
};

function instanceIn(account: Account, instanceId: string, state: Instance['state'] | undefined): Instance {
  const instance = account.ec2.all().find((each) => each.instanceId === instanceId);
  if (!instance) throw badField('instanceId', instanceId, 'the id of an EC2 instance that there is');
  const isFit =
    state === undefined
      ? !['shutting-down', 'terminated'].includes(instance.state)
      : instance.state === state;
  if (isFit) return instance;
  const expected = state === undefined ? 'an instance that has not ended' : `a ${state} instance`;
  throw badField('instanceId', instanceId, `${expected}, it is ${instance.state}`);
}

function connection({ ecs, world }: Account, { instanceId }: Instance, connected: boolean): Outcome[] {
  const isRegistered = ecs
    .containerInstanceRecords()
    .some(({ ec2InstanceId, status }) => ec2InstanceId === instanceId && status !== 'INACTIVE');
  if (!isRegistered)
    throw badField('instanceId', instanceId, 'an instance that is registered with a cluster');
  return ecs.agentConnection(world.now, instanceId, connected);
}

function putLaunchTemplate(room: Room, text: string): Promise<Answer> {
  const fields = Fields.of(text, ['launchTemplateName', 'instanceType', 'clusterName', 'agentSeconds']);
  const types = Object.keys(instanceTypes) as (keyof typeof instanceTypes)[];
  const template = {
    launchTemplateName: fields.text('launchTemplateName', 'a name'),
    instanceType: fields.oneOf('instanceType', types),
    clusterName: fields.text('clusterName', 'the name of a cluster'),
    ...(fields.has('agentSeconds') ? { agentSeconds: fields.number('agentSeconds', 0, 86_400) } : {}),
  };
  return room.clock.alone(() => {
    room.account().ec2.putLaunchTemplate(template);
    return template;
  });
}

const shown = ({ instanceId, state, availabilityZone, template }: Instance): Answer => ({
  instanceId,
  state,
  availabilityZone,
  instanceType: template.instanceType,
  launchTemplateName: template.launchTemplateName,
});
