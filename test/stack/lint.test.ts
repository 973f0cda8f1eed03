import { describe, expect, it } from 'vitest';
import { lintTemplate } from './lint.ts';
import { compiledTemplate, type Resource, type Template } from './template.ts';

const template = compiledTemplate();

/** The real template with one resource changed. */
function withFault(id: string, change: (resource: Resource) => Resource): Template {
  const resource = template.Resources[id];
  if (!resource) throw new Error(`The template has no ${id}`);
  return { ...template, Resources: { ...template.Resources, [id]: change(resource) } };
}

const set = (id: string, properties: Record<string, unknown>) =>
  withFault(id, (resource) => ({ ...resource, Properties: { ...resource.Properties, ...properties } }));

const faults: [what: string, faulty: Template, problem: string][] = [
  [
    'an unknown resource type',
    withFault('Lane', (resource) => ({ ...resource, Type: 'AWS::SQS::Lane' })),
    'Lane: unknown resource type AWS::SQS::Lane',
  ],
  ['an unknown property', set('Lane', { Fifo: true }), 'Lane.Fifo: unknown property'],
  [
    'an unknown property deep inside',
    set('TaskRule', { Targets: [{ Id: 'a', Arn: 'b', RetryPolicy: { MaximumAge: 60 } }] }),
    'TaskRule.Targets[0].RetryPolicy.MaximumAge: unknown property',
  ],
  ['a missing property', set('TaskRule', { Targets: [{ Arn: 'b' }] }), 'TaskRule.Targets[0].Id: missing'],
  [
    'text for a number',
    set('Lane', { VisibilityTimeout: 'long' }),
    'Lane.VisibilityTimeout: expected integer, got "long"',
  ],
  [
    'a fraction for an integer',
    set('Lane', { VisibilityTimeout: 1.5 }),
    'Lane.VisibilityTimeout: expected integer, got 1.5',
  ],
  ['text for a boolean', set('Lane', { FifoQueue: 'yes' }), 'Lane.FifoQueue: expected boolean, got "yes"'],
  [
    'an object for a list',
    set('SweepErrorsAlarm', { Dimensions: { Name: 'a' } }),
    'SweepErrorsAlarm.Dimensions: expected array, got {"Name":"a"}',
  ],
  [
    'a custom resource without a function',
    withFault('Uninstall', ({ Type }) => ({ Type, Properties: { Version: '1' } })),
    'Uninstall.ServiceToken: missing',
  ],
  [
    'a custom resource that is waited for until "later"',
    set('Uninstall', { ServiceTimeout: 'later', Anything: 'else' }),
    'Uninstall.ServiceTimeout: expected integer, got "later"',
  ],
  [
    'a custom resource whose type has a name with a space',
    withFault('Uninstall', (resource) => ({ ...resource, Type: 'Custom::Ecs Steward' })),
    'Uninstall: unknown resource type Custom::Ecs Steward',
  ],
  ['a Ref to nothing', set('Lane', { QueueName: { Ref: 'Lame' } }), 'Lane.QueueName: no resource Lame'],
  [
    'a Sub of nothing',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: CloudFormation's own notation
    set('Lane', { QueueName: { 'Fn::Sub': '${AWS::Region}-${Lame}' } }),
    'Lane.QueueName: no resource Lame',
  ],
  [
    'an attribute that the resource does not have',
    set('Lane', { QueueName: { 'Fn::GetAtt': ['ReleaseQueue', 'Name'] } }),
    'Lane.QueueName: AWS::SQS::Queue has no attribute Name',
  ],
  [
    'an unknown condition',
    set('Lane', { QueueName: { 'Fn::If': ['IsProd', 'a', 'b'] } }),
    'Lane.QueueName: no condition IsProd',
  ],
  [
    'a wrong type in one branch of a condition',
    set('Lane', { VisibilityTimeout: { 'Fn::If': ['HasAlarmTopic', 'long', 90] } }),
    'Lane.VisibilityTimeout: expected integer, got "long"',
  ],
  [
    'a dependency on nothing',
    withFault('Lane', (resource) => ({ ...resource, DependsOn: ['Lame'] })),
    'Lane.DependsOn: no resource Lame',
  ],
  [
    'a resource under an unknown condition',
    withFault('Lane', (resource) => ({ ...resource, Condition: 'IsProd' })),
    'Lane: no condition IsProd',
  ],
  [
    'an output of nothing',
    { ...template, Outputs: { Url: { Value: { Ref: 'Lame' } } } },
    'Outputs.Url.Value: no resource Lame',
  ],
];

describe('the compiled template', () => {
  it('holds nothing that CloudFormation would refuse', () => {
    expect(lintTemplate(template)).toEqual([]);
  });
});

describe('lintTemplate', () => {
  it.each(faults)('finds %s', (_what, faulty, problem) => {
    expect(lintTemplate(faulty)).toEqual([problem]);
  });
});
