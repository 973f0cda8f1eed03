import type { Change } from './changes.ts';
import { invalidStack } from './input.ts';
import type { Member, StackEvent, StackRecord } from './stack.ts';

/** At most so many things on one page of a list. */
const pageMax = 100;

/** One page of a list; the token is the place of the next item. Throws Fault for a token that is none. */
export function pageOf<T>(items: readonly T[], token: unknown): { items: readonly T[]; NextToken?: string } {
  const from = token === undefined ? 0 : Number(token);
  if (!Number.isInteger(from) || from < 0) throw invalidStack(`Invalid NextToken: ${token}`);
  const page = items.slice(from, from + pageMax);
  const next = from + pageMax;
  return next < items.length ? { items: page, NextToken: String(next) } : { items: page };
}

const dateOf = (milliseconds: number | undefined) =>
  milliseconds === undefined ? undefined : new Date(milliseconds);

/** What DescribeStacks says of a stack. */
export function describeStack(stack: StackRecord): Record<string, unknown> {
  const { request } = stack;
  return {
    StackId: stack.id,
    StackName: stack.name,
    Description: request?.blueprint.description,
    Parameters: request?.parameters ?? [],
    CreationTime: dateOf(stack.createdAt),
    LastUpdatedTime: dateOf(stack.updatedAt),
    DeletionTime: dateOf(stack.deletedAt),
    StackStatus: stack.status,
    StackStatusReason: stack.reason,
    DisableRollback: stack.disableRollback,
    EnableTerminationProtection: stack.isProtected,
    NotificationARNs: [],
    RollbackConfiguration: {},
    Capabilities: request?.capabilities ?? [],
    Tags: request?.tags ?? [],
    Outputs: stack.outputs.map(({ name, value, description, exportName }) => ({
      OutputKey: name,
      OutputValue: value,
      Description: description,
      ExportName: exportName,
    })),
    DriftInformation: { StackDriftStatus: 'NOT_CHECKED' },
  };
}

/** What ListStacks says of a stack. */
export function summarizeStack(stack: StackRecord): Record<string, unknown> {
  return {
    StackId: stack.id,
    StackName: stack.name,
    TemplateDescription: stack.request?.blueprint.description,
    CreationTime: dateOf(stack.createdAt),
    LastUpdatedTime: dateOf(stack.updatedAt),
    DeletionTime: dateOf(stack.deletedAt),
    StackStatus: stack.status,
    StackStatusReason: stack.reason,
    DriftInformation: { StackDriftStatus: 'NOT_CHECKED' },
  };
}

/** What DescribeStackEvents says of an event. */
export function describeEvent(stack: StackRecord, event: StackEvent): Record<string, unknown> {
  return {
    StackId: stack.id,
    StackName: stack.name,
    EventId: event.id,
    Timestamp: dateOf(event.at),
    LogicalResourceId: event.logicalId,
    PhysicalResourceId: event.physicalId,
    ResourceType: event.type,
    ResourceStatus: event.status,
    ResourceStatusReason: event.reason,
    ResourceProperties: event.properties && JSON.stringify(event.properties),
  };
}

const memberOf = (member: Member) => ({
  LogicalResourceId: member.logicalId,
  PhysicalResourceId: member.resource?.physicalId,
  ResourceType: member.type,
  ResourceStatus: member.status,
  ResourceStatusReason: member.reason,
  DriftInformation: { StackResourceDriftStatus: 'NOT_CHECKED' },
});

/** What ListStackResources says of a resource. */
export const summarizeResource = (member: Member) => ({
  ...memberOf(member),
  LastUpdatedTimestamp: dateOf(member.changedAt),
});

/** What DescribeStackResource says of a resource. */
export const detailResource = (stack: StackRecord, member: Member) => ({
  ...summarizeResource(member),
  StackId: stack.id,
  StackName: stack.name,
});

/** What DescribeStackResources says of a resource. */
export const describeResource = (stack: StackRecord, member: Member) => ({
  ...memberOf(member),
  StackId: stack.id,
  StackName: stack.name,
  Timestamp: dateOf(member.changedAt),
});

/** What DescribeChangeSet says of a change. */
export function describeChange(change: Change): Record<string, unknown> {
  const { action, logicalId, physicalId, type, replacement, properties } = change;
  const recreation = replacement === 'True' ? 'Always' : 'Never';
  return {
    Type: 'Resource',
    ResourceChange: {
      Action: action,
      LogicalResourceId: logicalId,
      PhysicalResourceId: physicalId,
      ResourceType: type,
      Replacement: replacement,
      Scope: properties.length > 0 ? ['Properties'] : [],
      Details: properties.map((name) => ({
        Target: { Attribute: 'Properties', Name: name, RequiresRecreation: recreation },
        Evaluation: 'Static',
        ChangeSource: 'DirectModification',
      })),
    },
  };
}
