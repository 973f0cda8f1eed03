import { answering } from '../../../../simulator/answered.ts';
import type { RuleDefinition } from '../../../../simulator/cloud/events/rule.ts';
import type { Target } from '../../../../simulator/cloud/events/target.ts';
import type { QueueAttributes } from '../../../../simulator/cloud/sqs/attributes.ts';
import type { ServiceEvent } from '../../../../simulator/machine.ts';
import { cloud, letsRuleSend, queueArn, queueUrl } from '../fixture.ts';

export const stopped: ServiceEvent = {
  source: 'aws.ecs',
  detailType: 'ECS Task State Change',
  resources: ['arn:task'],
  detail: { lastStatus: 'STOPPED', version: 3 },
};
export const terminating: ServiceEvent = {
  source: 'aws.autoscaling',
  detailType: 'EC2 Instance-terminate Lifecycle Action',
  resources: [],
  detail: {},
};
export const toEverything = { source: [{ prefix: '' }] };

export interface Reply {
  Body: string;
  MessageAttributes?: Record<string, { StringValue: string }>;
  Attributes: Record<string, string>;
}

/** A rule `mine` with the queue `work` as target, and a queue `dead`; both let the rule send. */
export function wired(
  options: {
    rule?: Partial<RuleDefinition>;
    target?: Partial<Target>;
    queue?: QueueAttributes;
    seed?: number;
  } = {},
) {
  const here = cloud(options.seed);
  const { sqs, world, bus, call } = here;
  const name = options.queue?.FifoQueue ? 'work.fifo' : 'work';
  sqs.createQueue(world.now, name, options.queue);
  sqs.createQueue(world.now, 'dead');
  sqs.setPolicy(queueArn(name), letsRuleSend(name, 'mine'));
  sqs.setPolicy(queueArn('dead'), letsRuleSend('dead', 'mine'));
  const target: Target = { id: 'queue', arn: queueArn(name), ...options.target };
  const define = (overrides: Partial<RuleDefinition> = {}) =>
    bus.putRule({
      name: 'mine',
      eventPattern: toEverything,
      isEnabled: true,
      targets: [target],
      ...options.rule,
      ...overrides,
    });
  define();
  const messages = (queue = name) => {
    const all: Reply[] = [];
    for (;;) {
      const { Messages = [] } = call('ReceiveMessage', {
        QueueUrl: queueUrl(queue),
        MaxNumberOfMessages: 10,
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: ['All'],
      });
      if ((Messages as Reply[]).length === 0) return all;
      all.push(...(Messages as Reply[]));
    }
  };
  const publish = (event: ServiceEvent = stopped) => bus.publish(world.now, event);
  const events = (operation: string, input: Record<string, unknown>) => {
    const call = { operation, input, caller: { principalArn: 'x', client: 'x' }, viewAt: world.now };
    return answering('events', call, () => bus.apply(world.now, call)).reply;
  };
  return { ...here, define, messages, publish, events, pass: (seconds: number) => world.advance(seconds) };
}
