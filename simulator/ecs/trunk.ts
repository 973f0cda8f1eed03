import type { Attachment, Attribute, ContainerInstanceRecord } from './records.ts';
import type { State } from './state.ts';

/** From a registration to its trunk interface, and from the end of an instance to its removal (our choice). */
export const trunkMs = 15_000;

/** D-4.19, D-9.8. */
export const attachmentStatuses = [
  'PRECREATED',
  'CREATED',
  'ATTACHING',
  'ATTACHED',
  'DETACHING',
  'DETACHED',
  'DELETED',
  'FAILED',
] as const;

/** The trunk interface of an instance that registers, which is on its way (D-2.2, D-9.8). */
export function newTrunk({ ids }: State): Attachment {
  const digits = ids.hex(32);
  const mac = ['02', ...(digits.slice(0, 10).match(/../g) ?? [])].join(':');
  const host = Number.parseInt(digits.slice(10, 12), 16);
  return {
    id: ids.uuid(),
    status: 'ATTACHING',
    details: [
      { name: 'networkInterfaceId', value: `eni-${digits.slice(12, 29)}` },
      { name: 'macAddress', value: mac },
      { name: 'subnetId', value: 'subnet-0123456789abcdef0' },
      { name: 'privateIPv4Address', value: `10.0.0.${host}` },
    ],
  };
}

/**
 * How many tasks in awsvpc mode an instance of a type takes: one for each network interface beside its own, and more
 * with a trunk (D-9.67); no second number: the type takes no trunk. Of other types nothing is known.
 */
const tasksMax: Readonly<Record<string, readonly [plain: number, trunked?: number]>> = {
  't3.medium': [2],
  'c5.large': [2, 10],
  'm5.large': [2, 10],
  'm6i.large': [2, 10],
  'm6i.xlarge': [3, 20],
};

/** Whether an instance of the type gets a trunk interface where the account opted in; of unknown types each does (D-2.2). */
export function takesTrunk(instanceType: string): boolean {
  const known = tasksMax[instanceType];
  return known === undefined || known[1] !== undefined;
}

/** Where the agent's attributes show the trunk interface of an instance. */
const trunkAttribute = 'ecs.awsvpc-trunk-id';

/** The agent's attributes, with that of the trunk interface while it is ATTACHED. */
export function withTrunk(attributes: readonly Attribute[], trunks: readonly Attachment[]): Attribute[] {
  const value = trunks
    .find(({ status }) => status === 'ATTACHED')
    ?.details.find(({ name }) => name === 'networkInterfaceId')?.value;
  const others = attributes.filter(({ name }) => name !== trunkAttribute);
  return value === undefined ? others : [...others, { name: trunkAttribute, value }];
}

/** Whether another task in awsvpc mode finds a network interface on the instance (D-9.60, D-9.67). */
export function hasInterfaceLeft({ agentAttributes, awsvpcTasksCount }: ContainerInstanceRecord): boolean {
  const of = (wanted: string) => agentAttributes.find(({ name }) => name === wanted)?.value;
  const [plain, trunked] = tasksMax[of('ecs.instance-type') ?? ''] ?? [];
  const max = of(trunkAttribute) === undefined ? plain : trunked;
  return awsvpcTasksCount < (max ?? Number.POSITIVE_INFINITY);
}
