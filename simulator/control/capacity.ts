import type { Account } from '../account.ts';
import { fargateProviders } from '../ecs/providers.ts';
import { badField, Fields } from './input.ts';
import type { Answer, Route } from './route.ts';

/** Whether there is capacity for a group, or behind a capacity provider. */
export const capacityRoutes: Readonly<Record<string, Route>> = {
  capacity: {
    POST: (room, { text }) => {
      const fields = Fields.of(text, ['autoScalingGroupName', 'capacityProvider', 'available']);
      const available = fields.boolean('available');
      return room.clock.alone(() => setCapacity(room.account(), fields, available));
    },
  },
};

function setCapacity(account: Account, fields: Fields, available: boolean): Answer {
  if (!fields.has('capacityProvider')) {
    const name = fields.text('autoScalingGroupName', 'the name of an Auto Scaling group');
    if (account.autoscaling.launchTemplateOf(name) === undefined)
      throw badField('autoScalingGroupName', name, 'an Auto Scaling group that there is');
    account.setCapacity(name, available);
    return { autoScalingGroupName: name, available };
  }
  const capacityProvider = fields.text('capacityProvider', 'the name of a capacity provider');
  if (fields.has('autoScalingGroupName'))
    throw badField('capacityProvider', capacityProvider, 'either this or autoScalingGroupName');
  const fargate = fargateProviders.find((name) => name === capacityProvider);
  if (fargate !== undefined) {
    account.hear(account.ecs.setFargate(account.world.now, fargate, available));
    return { capacityProvider, available };
  }
  const autoScalingGroupName = groupBehind(account, capacityProvider);
  account.setCapacity(autoScalingGroupName, available);
  return { capacityProvider, autoScalingGroupName, available };
}

/** The group of a capacity provider, as DescribeCapacityProviders tells it. */
function groupBehind({ ecs, world, accountId }: Account, name: string): string {
  const { reply } = ecs.apply(world.now, {
    operation: 'DescribeCapacityProviders',
    input: { capacityProviders: [name] },
    caller: { principalArn: `arn:aws:iam::${accountId}:root`, client: 'control' },
    viewAt: world.now,
  });
  const [provider] = reply.capacityProviders as {
    autoScalingGroupProvider?: { autoScalingGroupArn: string };
  }[];
  const arn = provider?.autoScalingGroupProvider?.autoScalingGroupArn;
  if (arn !== undefined) return arn.replace(/^arn:.*:autoScalingGroupName\//, '');
  throw badField('capacityProvider', name, 'a capacity provider that there is');
}
