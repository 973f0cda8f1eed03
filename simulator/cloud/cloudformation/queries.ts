import { Fault } from '../../machine.ts';
import { isRecord } from '../events/matcher.ts';
import { Loader } from '../template/loader.ts';
import { TemplateError } from '../template/template.ts';
import type { ChangeSet } from './change-set.ts';
import type { CloudFormation } from './cloudformation.ts';
import {
  describeEvent,
  describeResource,
  describeStack,
  detailResource,
  pageOf,
  summarizeResource,
  summarizeStack,
} from './describe.ts';
import { invalidStack, parseTemplate, readTemplate, type StackInput, worked } from './input.ts';
import type { OnFailure } from './operation.ts';
import type { Member, StackRecord } from './stack.ts';

/** What any operation of CloudFormation may be given, beside what the SDK's schemas say. */
export interface Input extends StackInput {
  readonly ChangeSetName?: string | undefined;
  readonly ChangeSetType?: string;
  readonly Description?: string;
  readonly DisableRollback?: boolean;
  readonly EnableTerminationProtection?: boolean;
  readonly ExportName?: string;
  readonly LogicalResourceId?: string;
  readonly NextToken?: string;
  readonly OnFailure?: OnFailure;
  readonly OnStackFailure?: OnFailure;
  readonly PhysicalResourceId?: string;
  readonly RetainResources?: readonly string[];
  readonly StackStatusFilter?: readonly string[];
}

type Query = (stacks: CloudFormation, input: Input) => Record<string, unknown>;

/** Answers an operation that changes nothing. Throws Fault. */
export function answerOf(
  stacks: CloudFormation,
  operation: string,
  input: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const query = queries[operation];
  if (!query) throw new Fault('InvalidAction', `The simulator does not know cloudformation:${operation}.`);
  return query(stacks, input as Input);
}

const queries: Readonly<Record<string, Query>> = {
  DescribeStacks: (stacks, { StackName: name, NextToken }) => {
    if (name === undefined) {
      const there = stacks.stacks.filter(({ deletedAt }) => deletedAt === undefined);
      const { items, ...next } = pageOf([...there].reverse(), NextToken);
      return { Stacks: items.map(describeStack), ...next };
    }
    const stack = stacks.stack(name);
    if (!stack) throw invalidStack(`Stack with id ${name} does not exist`);
    return { Stacks: [describeStack(stack)] };
  },
  DescribeStackEvents: (stacks, { StackName, NextToken }) => {
    const stack = find(stacks, StackName);
    const { items, ...next } = pageOf([...stack.events].reverse(), NextToken);
    return { StackEvents: items.map((event) => describeEvent(stack, event)), ...next };
  },
  DescribeStackResource: (stacks, { StackName, LogicalResourceId }) => {
    const stack = find(stacks, StackName);
    return { StackResourceDetail: detailResource(stack, memberOf(stack, LogicalResourceId)) };
  },
  DescribeStackResources: (stacks, { StackName, PhysicalResourceId: physicalId, LogicalResourceId }) => {
    const owner = stacks.stacks.find((stack) => physicalId !== undefined && owns(stack, physicalId));
    if (physicalId !== undefined && !owner) throw invalidStack(`Stack for ${physicalId} does not exist`);
    const stack = owner ?? find(stacks, StackName);
    const members = LogicalResourceId ? [memberOf(stack, LogicalResourceId)] : [...stack.members.values()];
    return { StackResources: members.map((member) => describeResource(stack, member)) };
  },
  ListStackResources: (stacks, { StackName, NextToken }) => {
    const { items, ...next } = pageOf([...find(stacks, StackName).members.values()], NextToken);
    return { StackResourceSummaries: items.map(summarizeResource), ...next };
  },
  ListStacks: (stacks, { StackStatusFilter: statuses = [], NextToken }) => {
    const found = stacks.stacks.filter(({ status }) => statuses.length === 0 || statuses.includes(status));
    const { items, ...next } = pageOf([...found].reverse(), NextToken);
    return { StackSummaries: items.map(summarizeStack), ...next };
  },
  GetTemplate: (stacks, { StackName, ChangeSetName }) => {
    const changeSet =
      ChangeSetName === undefined ? undefined : stacks.changeSet({ StackName, ChangeSetName });
    const text = (changeSet?.request ?? find(stacks, StackName).request)?.text;
    return { TemplateBody: text ?? '{}', StagesAvailable: ['Original', 'Processed'] };
  },
  ValidateTemplate: (stacks, input) => validate(stacks, input),
  DescribeChangeSet: (stacks, input) => stacks.changeSet(input).describe(),
  ListChangeSets: (stacks, { StackName, NextToken }) => {
    const { items, ...next } = pageOf<ChangeSet>(stacks.changeSets.of(find(stacks, StackName)), NextToken);
    return { Summaries: items.map((changeSet) => changeSet.summary()), ...next };
  },
  ListExports: (stacks, { NextToken }) => {
    const { items, ...next } = pageOf(stacks.exports.all(), NextToken);
    return { Exports: items, ...next };
  },
  ListImports: (stacks, { ExportName = '', NextToken }) => {
    const importers = stacks.exports.importers(ExportName);
    if (importers.length === 0) throw invalidStack(`Export '${ExportName}' is not imported by any stack.`);
    const { items, ...next } = pageOf(importers, NextToken);
    return { Imports: items, ...next };
  },
};

/** The operations that change nothing. */
export const queryNames = Object.keys(queries);

function find(stacks: CloudFormation, nameOrId: string | undefined): StackRecord {
  const stack = stacks.stack(nameOrId ?? '');
  if (!stack) throw invalidStack(`Stack [${nameOrId}] does not exist`);
  return stack;
}

function memberOf(stack: StackRecord, logicalId = ''): Member {
  const member = stack.members.get(logicalId);
  if (!member) throw invalidStack(`Resource ${logicalId} does not exist for stack ${stack.name}`);
  return member;
}

const owns = ({ members, deletedAt }: StackRecord, physicalId: string) =>
  deletedAt === undefined &&
  [...members.values()].some(({ resource }) => resource?.physicalId === physicalId);

/** Everything in a template that can be judged without the values of its parameters. */
function validate({ site, place }: CloudFormation, input: StackInput): Record<string, unknown> {
  const template = parseTemplate(readTemplate(input, site.s3));
  const loader = new Loader(template, { ...place, stackName: 'stack' }, { parameters: undefined });
  const resources = worked(() => {
    const found = loader.resources();
    loader.outputs();
    if (loader.faults.length > 0) throw new TemplateError(loader.faults);
    return found;
  });
  const iam = [...resources.values()].filter(({ type }) => type.startsWith('AWS::IAM::'));
  const isNamed = iam.some(({ properties }) => properties.RoleName !== undefined);
  const types = [...new Set(iam.map(({ type }) => type))].join(', ');
  const { Description, Parameters } = template;
  return {
    Description,
    Parameters: Object.entries(isRecord(Parameters) ? Parameters : {}).map(describeParameter),
    ...(iam.length === 0
      ? {}
      : {
          Capabilities: [isNamed ? 'CAPABILITY_NAMED_IAM' : 'CAPABILITY_IAM'],
          CapabilitiesReason: `The following resource(s) require capabilities: [${types}]`,
        }),
  };
}

function describeParameter([ParameterKey, definition]: [string, unknown]) {
  const { Default, NoEcho, Description } = isRecord(definition) ? definition : {};
  return {
    ParameterKey,
    DefaultValue: Default === undefined ? undefined : String(Default),
    NoEcho: String(NoEcho) === 'true',
    Description,
  };
}
