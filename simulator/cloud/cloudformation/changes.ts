import { isDeepStrictEqual } from 'node:util';
import { replacingProperties } from '../provision/known.ts';
import type { Blueprint } from '../template/blueprint.ts';
import { isCustom } from '../template/custom.ts';
import type { Identity } from '../template/names.ts';
import type { StackResource } from '../template/template.ts';
import type { Request, StackRecord } from './stack.ts';

/** What an update would do to one resource, before it is done. */
export interface Change {
  readonly action: 'Add' | 'Modify' | 'Remove';
  readonly logicalId: string;
  readonly type: string;
  readonly physicalId: string | undefined;
  /** Of a Modify: whether another resource takes its place. */
  readonly replacement: 'True' | 'False' | undefined;
  /** The properties that differ. */
  readonly properties: readonly string[];
}

/** What would happen to each resource of a stack, in the order in which it would. */
export function changesOf(stack: StackRecord, blueprint: Blueprint): Change[] {
  const foreseen = new Map<string, Identity>();
  const changes = blueprint.order.flatMap((logicalId) => {
    const before = stack.resource(logicalId);
    const properties = blueprint.properties(logicalId, (other) => foreseen.get(other));
    const wanted = blueprint.resource(logicalId, properties, before?.generation ?? 0);
    const change = changeOf(before, wanted);
    if (!change && before) foreseen.set(logicalId, before);
    else if (isCustom(wanted.type)) foreseen.set(logicalId, { ...wanted, isLater: true });
    else if (change?.replacement === 'True') {
      const generations = stack.members.get(logicalId)?.generations ?? 0;
      foreseen.set(logicalId, blueprint.resource(logicalId, properties, generations + 1));
    } else foreseen.set(logicalId, wanted);
    return change ?? [];
  });
  const wanted = new Set(blueprint.order);
  const removed = [...stack.members.values()].filter(({ logicalId }) => !wanted.has(logicalId));
  return [
    ...changes,
    ...removed.map(
      ({ logicalId, type, resource }): Change => ({
        action: 'Remove',
        logicalId,
        type,
        physicalId: resource?.physicalId,
        replacement: undefined,
        properties: [],
      }),
    ),
  ];
}

function changeOf(before: StackResource | undefined, wanted: StackResource): Change | undefined {
  const { logicalId, type } = wanted;
  const about = { logicalId, type, physicalId: before?.physicalId };
  if (!before) return { action: 'Add', ...about, replacement: undefined, properties: [] };
  const names = new Set([...Object.keys(before.properties), ...Object.keys(wanted.properties)]);
  const properties = [...names].filter(
    (name) => !isDeepStrictEqual(before.properties[name], wanted.properties[name]),
  );
  if (properties.length === 0) return undefined;
  const isReplaced = properties.some((name) => replacingProperties(type).includes(name));
  return { action: 'Modify', ...about, replacement: isReplaced ? 'True' : 'False', properties };
}

/** Whether an update has anything to do: to a resource, to what the stack answers, or to its tags. */
export function hasChanges(stack: StackRecord, { blueprint, tags }: Request): boolean {
  if (!isDeepStrictEqual(tags, stack.request?.tags) || changesOf(stack, blueprint).length > 0) return true;
  const outputs = blueprint.outputs((logicalId) => stack.resource(logicalId));
  return !isDeepStrictEqual(outputs, stack.outputs);
}

/** What an update asks for that CloudFormation refuses at once; undefined: nothing. */
export function refusedChange(stack: StackRecord, blueprint: Blueprint): string | undefined {
  const others = blueprint.order.filter((logicalId) => {
    const type = stack.members.get(logicalId)?.type;
    return type !== undefined && type !== blueprint.typeOf(logicalId);
  });
  if (others.length === 0) return undefined;
  return `Update of resource type is not permitted. The new template modifies resource type of the following resources: [${others.join(', ')}]`;
}
