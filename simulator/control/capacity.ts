import type { Account } from '../account.ts';
import { Fault } from '../machine.ts';
import { badField, Fields } from './input.ts';
import type { Route } from './route.ts';

/** Whether EC2 has instances for a group. */
export const capacityRoutes: Readonly<Record<string, Route>> = {
  capacity: {
    POST: (room, { text }) => {
      const fields = Fields.of(text, ['autoScalingGroupName', 'capacityProvider', 'available']);
      const available = fields.boolean('available');
      return room.clock.alone(() => {
        const account = room.account();
        const autoScalingGroupName = groupIn(account, fields);
        account.setCapacity(autoScalingGroupName, available);
        return { autoScalingGroupName, available };
      });
    },
  },
};

function groupIn(account: Account, fields: Fields): string {
  const isByProvider = fields.has('capacityProvider');
  if (isByProvider && fields.has('autoScalingGroupName'))
    throw badField(
      'capacityProvider',
      fields.value('capacityProvider'),
      'either this or autoScalingGroupName',
    );
  if (isByProvider) return groupBehind(account, fields.text('capacityProvider', 'the name of a provider'));
  const name = fields.text('autoScalingGroupName', 'the name of an Auto Scaling group');
  if (account.autoscaling.launchTemplateOf(name) !== undefined) return name;
  throw badField('autoScalingGroupName', name, 'an Auto Scaling group that there is');
}

/** The group of a capacity provider, as DescribeCapacityProviders tells it. */
function groupBehind({ ecs, world }: Account, name: string): string {
  const caller = { principalArn: 'arn:aws:iam::simulator:root', client: 'control' };
  const call = { operation: 'DescribeCapacityProviders', input: { capacityProviders: [name] }, caller };
  const [provider] = described(() => ecs.apply(world.now, { ...call, viewAt: world.now }).reply, name);
  const arn = provider?.autoScalingGroupProvider?.autoScalingGroupArn;
  if (arn === undefined)
    throw badField('capacityProvider', name, 'a provider with an Auto Scaling group behind it');
  return arn.replace(/^arn:.*:autoScalingGroupName\//, '');
}

function described(describe: () => Record<string, unknown>, name: string) {
  try {
    return describe().capacityProviders as {
      autoScalingGroupProvider?: { autoScalingGroupArn: string };
    }[];
  } catch (error) {
    if (!(error instanceof Fault && error.code === 'UnknownOperationException')) throw error;
    throw badField(
      'capacityProvider',
      name,
      'autoScalingGroupName instead, for this simulator has no capacity providers yet',
    );
  }
}
