import { Fields } from './input.ts';
import type { Route } from './route.ts';

const actions = ['exit', 'unhealthy', 'spot-interruption'] as const;

/** What befalls tasks, and the target groups and subnets that they may be in. */
export const taskRoutes: Readonly<Record<string, Route>> = {
  task: {
    POST: (room, { text }) => {
      const fields = Fields.of(text, ['taskArn', 'action', 'exitCode']);
      const action = fields.oneOf('action', actions);
      const taskArn = fields.text('taskArn', 'the ARN of a task');
      const exitCode = fields.integer('exitCode', 0, 1);
      return room.clock.alone(() => {
        const account = room.account();
        const { ecs, world } = account;
        const act = {
          exit: () => ecs.taskExits(world.now, taskArn, exitCode),
          unhealthy: () => ecs.taskFailsCheck(world.now, taskArn),
          'spot-interruption': () => ecs.taskInterrupted(world.now, taskArn),
        };
        account.hear(act[action]());
        const task = ecs.taskRecords().find((each) => each.taskArn === taskArn);
        return { taskArn, lastStatus: task?.lastStatus, healthStatus: task?.healthStatus };
      });
    },
  },
  subnet: {
    POST: (room, { text }) => {
      const fields = Fields.of(text, ['subnetId', 'availabilityZone']);
      const subnet = {
        subnetId: fields.text('subnetId', 'the id of a subnet'),
        availabilityZone: fields.text('availabilityZone', 'a zone like eu-west-1a'),
      };
      return room.clock.alone(() => {
        room.account().ecs.putSubnet(subnet);
        return subnet;
      });
    },
  },
  'target-group': {
    POST: (room, { text }) => {
      const fields = Fields.of(text, ['targetGroupArn', 'deregistrationDelaySeconds', 'healthySeconds']);
      const group = {
        targetGroupArn: fields.text('targetGroupArn', 'the ARN of a target group'),
        deregistrationDelaySeconds: fields.number('deregistrationDelaySeconds', 0, 3600, 300),
        healthySeconds: fields.number('healthySeconds', 0, 3600, 15),
      };
      return room.clock.alone(() => {
        room.account().ecs.putTargetGroup(group);
        return group;
      });
    },
  },
};
