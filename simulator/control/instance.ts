import type { Account } from '../account.ts';
import { type Instance, instanceTypes, statusChecks } from '../ec2/instance.ts';
import type { Outcome } from '../machine.ts';
import { badField, Fields } from './input.ts';
import type { Answer, Room, Route } from './route.ts';

type Act = (account: Account, instance: Instance, fields: Fields) => Outcome[];

/** What can be done to an EC2 instance by hand. */
interface Action {
  /** In which state it must be for that; undefined: not ended. */
  readonly state?: Instance['state'];
  /** Fields of the request beside the usual two. */
  readonly fields?: readonly string[];
  /** It is done to the agent of an instance that is registered with a cluster. */
  readonly isOfAgent?: boolean;
  readonly act: Act;
}

const ofAgent = (act: Act, fields: readonly string[] = []): Action => ({
  state: 'running',
  isOfAgent: true,
  fields,
  act,
});

const connects = (connected: boolean) =>
  ofAgent(({ ecs, world }, { instanceId }) => ecs.agentConnection(world.now, instanceId, connected));

const runtimeIs = (status: 'OK' | 'IMPAIRED') =>
  ofAgent(({ ecs, world }, { instanceId }) => ecs.setRuntime(world.now, instanceId, status));

const interruptions = ['terminate', 'stop', 'hibernate'] as const;

const actions: Readonly<Record<string, Action>> = {
  'spot-interruption': {
    fields: ['instanceAction'],
    act: ({ ec2, world }, { instanceId }, fields) =>
      ec2.interrupt(
        world.now,
        instanceId,
        fields.has('instanceAction') ? fields.oneOf('instanceAction', interruptions) : 'terminate',
      ),
  },
  'rebalance-recommendation': {
    state: 'running',
    act: ({ ec2 }, { instanceId }) => ec2.recommendRebalance(instanceId),
  },
  stop: {
    state: 'running',
    act: (_, { instanceId }) => [{ kind: 'stop-instance', instanceId, hibernates: false }],
  },
  start: {
    state: 'stopped',
    act: (_, { instanceId, interruption }) => {
      if (interruption?.hasStopped)
        throw badField(
          'instanceId',
          instanceId,
          'an instance that Spot has not stopped, which EC2 alone may start',
        );
      return [{ kind: 'start-instance', instanceId }];
    },
  },
  'spot-return': {
    state: 'stopped',
    act: (account, { instanceId, interruption }) => {
      if (!interruption?.hasStopped)
        throw badField('instanceId', instanceId, 'an instance that Spot has stopped');
      account.spotReturns(instanceId);
      return [];
    },
  },
  terminate: { act: (_, { instanceId }) => [{ kind: 'terminate-instance', instanceId }] },
  'status-impaired': {
    state: 'running',
    fields: ['check'],
    act: ({ ec2 }, { instanceId }, fields) =>
      ec2.impair(instanceId, fields.has('check') ? fields.oneOf('check', statusChecks) : 'system'),
  },
  'status-ok': { state: 'running', act: ({ ec2 }, { instanceId }) => ec2.recover(instanceId) },
  'agent-disconnect': connects(false),
  'agent-connect': connects(true),
  'agent-reconnect': ofAgent(reconnect, ['seconds']),
  'agent-forget': ofAgent((account, { instanceId }) => {
    account.forgetAgent(instanceId);
    return [];
  }),
  'runtime-impaired': runtimeIs('IMPAIRED'),
  'runtime-healthy': runtimeIs('OK'),
};

const moreFields = ['instanceAction', 'seconds', 'check'];

/** EC2 as far as ECS and Auto Scaling notice it: launch templates, and what befalls instances. */
export const instanceRoutes: Readonly<Record<string, Route>> = {
  ec2: {
    GET: (room) => room.clock.alone(() => ({ instances: room.account().ec2.all().map(shown) })),
    POST: (room, { text }) => {
      const fields = Fields.of(text, ['instanceId', 'action', ...moreFields]);
      const name = fields.oneOf('action', Object.keys(actions));
      const action = actions[name] as Action;
      const strange = moreFields.find((field) => fields.has(field) && !action.fields?.includes(field));
      if (strange !== undefined) throw badField(strange, fields.value(strange), `none with ${name}`);
      const instanceId = fields.text('instanceId', 'the id of an EC2 instance');
      return room.clock.alone(() => {
        const account = room.account();
        const instance = instanceIn(account, instanceId, action);
        account.hear(action.act(account, instance, fields));
        return shown(account.ec2.instance(instanceId));
      });
    },
  },
  'launch-template': { POST: (room, { text }) => putLaunchTemplate(room, text) },
};

function instanceIn(account: Account, instanceId: string, { state, isOfAgent }: Action): Instance {
  const instance = account.ec2.find(instanceId);
  if (!instance) throw badField('instanceId', instanceId, 'the id of an EC2 instance that there is');
  const isFit =
    state === undefined
      ? !['shutting-down', 'terminated'].includes(instance.state)
      : instance.state === state;
  const expected = state === undefined ? 'an instance that has not ended' : `a ${state} instance`;
  if (!isFit) throw badField('instanceId', instanceId, `${expected}, it is ${instance.state}`);
  if (isOfAgent && !registrationsOf(account, instanceId).length)
    throw badField('instanceId', instanceId, 'an instance that is registered with a cluster');
  return instance;
}

const registrationsOf = ({ ecs }: Account, instanceId: string) =>
  ecs
    .containerInstanceRecords()
    .filter(({ ec2InstanceId, status }) => ec2InstanceId === instanceId && status !== 'INACTIVE');

/** The agent is away for some seconds, if it is there. */
function reconnect(account: Account, { instanceId }: Instance, fields: Fields): Outcome[] {
  if (!registrationsOf(account, instanceId).some(({ agentConnected }) => agentConnected))
    throw badField('instanceId', instanceId, 'an instance whose agent is connected');
  const milliseconds = fields.number('seconds', 0, 86_400, 1) * 1000;
  return account.ecs.agentReconnects(account.world.now, instanceId, milliseconds);
}

const templateFields = [
  'launchTemplateName',
  'instanceType',
  'clusterName',
  'agentSeconds',
  'agentVersion',
  'spotInstanceDraining',
  'trunkFailure',
  'downloadSeconds',
  'updateFailsIn',
];

function putLaunchTemplate(room: Room, text: string): Promise<Answer> {
  const fields = Fields.of(text, templateFields);
  const types = Object.keys(instanceTypes) as (keyof typeof instanceTypes)[];
  const given = <T>(field: string, value: () => T) => (fields.has(field) ? { [field]: value() } : {});
  const template = {
    launchTemplateName: fields.text('launchTemplateName', 'a name'),
    instanceType: fields.oneOf('instanceType', types),
    clusterName: fields.text('clusterName', 'the name of a cluster'),
    ...given('agentSeconds', () => fields.number('agentSeconds', 0, 86_400)),
    ...given('agentVersion', () => fields.text('agentVersion', 'a version like 1.104.0')),
    ...given('spotInstanceDraining', () => fields.boolean('spotInstanceDraining')),
    ...given('trunkFailure', () => fields.text('trunkFailure', 'the reason of a failed registration')),
    ...given('downloadSeconds', () => fields.number('downloadSeconds', 0, 86_400)),
    ...given('updateFailsIn', () => fields.oneOf('updateFailsIn', ['STAGING', 'UPDATING'])),
  };
  return room.clock.alone(() => {
    room.account().ec2.putLaunchTemplate(template);
    return template;
  });
}

const shown = ({ instanceId, state, availabilityZone, template, impairment }: Instance): Answer => ({
  instanceId,
  state,
  availabilityZone,
  instanceType: template.instanceType,
  launchTemplateName: template.launchTemplateName,
  ...(impairment && { impairment }),
});
