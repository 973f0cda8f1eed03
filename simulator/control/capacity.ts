import type { Account } from '../account.ts';
import { markets } from '../autoscaling/purchase.ts';
import type { CapacityPart } from '../autoscaling/shortage.ts';
import { fargateProviders } from '../ecs/providers.ts';
import { badField, Fields } from './input.ts';
import type { Answer, Route } from './route.ts';

/** Whether there is capacity for a group, or behind a capacity provider. */
export const capacityRoutes: Readonly<Record<string, Route>> = {
  capacity: {
    POST: (room, { text }) => {
      const fields = Fields.of(text, [
        'autoScalingGroupName',
        'capacityProvider',
        'available',
        ...partFields,
      ]);
      const available = fields.boolean('available');
      return room.clock.alone(() => setCapacity(room.account(), fields, available));
    },
  },
};

const partFields = ['market', 'availabilityZone', 'instanceType'];

function partIn(fields: Fields): CapacityPart {
  return {
    ...(fields.has('market') && { market: fields.oneOf('market', markets) }),
    ...(fields.has('availabilityZone') && {
      availabilityZone: fields.text('availabilityZone', 'the name of an Availability Zone'),
    }),
    ...(fields.has('instanceType') && { instanceType: fields.text('instanceType', 'an instance type') }),
  };
}

function setCapacity(account: Account, fields: Fields, available: boolean): Answer {
  const part = partIn(fields);
  if (!fields.has('capacityProvider')) {
    const name = fields.text('autoScalingGroupName', 'the name of an Auto Scaling group');
    if (account.autoscaling.launchTemplateOf(name) === undefined)
      throw badField('autoScalingGroupName', name, 'an Auto Scaling group that there is');
    account.setCapacity(name, available, part);
    return { autoScalingGroupName: name, ...part, available };
  }
  const capacityProvider = fields.text('capacityProvider', 'the name of a capacity provider');
  if (fields.has('autoScalingGroupName'))
    throw badField('capacityProvider', capacityProvider, 'either this or autoScalingGroupName');
  const fargate = fargateProviders.find((name) => name === capacityProvider);
  if (fargate !== undefined) {
    const [strange] = Object.keys(part);
    if (strange !== undefined) throw badField(strange, fields.value(strange), `none with ${fargate}`);
    account.hear(account.ecs.setFargate(account.world.now, fargate, available));
    return { capacityProvider, available };
  }
  const autoScalingGroupName = groupBehind(account, capacityProvider);
  account.setCapacity(autoScalingGroupName, available, part);
  return { capacityProvider, autoScalingGroupName, ...part, available };
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
