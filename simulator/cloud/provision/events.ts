import { Fault } from '../../machine.ts';
import type { RuleDefinition } from '../events/rule.ts';
import type { Target } from '../events/target.ts';
import type { StackResource } from '../template/template.ts';
import { alreadyExists, type Provision, propertiesOf, unlessGone } from './provision.ts';

interface RuleProperties {
  readonly Description: string;
  readonly EventPattern: unknown;
  readonly ScheduleExpression: string;
  readonly State: string;
  readonly Targets: readonly TargetProperties[];
}

interface TargetProperties {
  readonly Id: string;
  readonly Arn: string;
  readonly Input?: string;
  readonly InputPath?: string;
  readonly InputTransformer?: {
    readonly InputPathsMap?: Readonly<Record<string, string>>;
    readonly InputTemplate: string;
  };
  readonly SqsParameters?: { readonly MessageGroupId: string };
  readonly DeadLetterConfig?: { readonly Arn?: string };
  readonly RetryPolicy?: {
    readonly MaximumRetryAttempts?: number;
    readonly MaximumEventAgeInSeconds?: number;
  };
}

/** AWS::Events::Rule */
export const rule: Provision = {
  create(resource, { bus }) {
    const definition = ruleOf(resource);
    if (bus.rule(resource.physicalId)) throw alreadyExists(resource);
    bus.putRule(definition);
  },
  update(resource, _before, { bus }) {
    bus.putRule(ruleOf(resource));
  },
  delete({ physicalId }, { bus }) {
    unlessGone(() => bus.deleteRule(physicalId), 'ResourceNotFoundException');
  },
};

function ruleOf(resource: StackResource): RuleDefinition {
  const {
    Description,
    EventPattern,
    ScheduleExpression,
    State = 'ENABLED',
    Targets = [],
  } = propertiesOf<RuleProperties>(resource);
  if (State !== 'ENABLED' && State !== 'DISABLED')
    throw new Fault('ValidationException', `State: expected ENABLED or DISABLED, got ${State}`);
  return {
    name: resource.physicalId,
    description: Description,
    eventPattern: EventPattern,
    scheduleExpression: ScheduleExpression,
    isEnabled: State === 'ENABLED',
    targets: Targets.map(targetOf),
  };
}

function targetOf({ InputTransformer: transformer, ...target }: TargetProperties): Target {
  return {
    id: target.Id,
    arn: target.Arn,
    input: target.Input,
    inputPath: target.InputPath,
    inputTransformer: transformer && {
      inputPathsMap: transformer.InputPathsMap ?? {},
      inputTemplate: transformer.InputTemplate,
    },
    messageGroupId: target.SqsParameters?.MessageGroupId,
    deadLetterArn: target.DeadLetterConfig?.Arn,
    maximumRetryAttempts: target.RetryPolicy?.MaximumRetryAttempts,
    maximumEventAgeSeconds: target.RetryPolicy?.MaximumEventAgeInSeconds,
  };
}
