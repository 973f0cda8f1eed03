import { structures } from './input.ts';
import type { Tag, TaskDefinition } from './records.ts';
import type { PropagateTags } from './service-records.ts';

/** What decides the tags of a new task. */
export interface TagRules {
  readonly clusterArn: string;
  readonly propagateTags: PropagateTags;
  readonly enableECSManagedTags: boolean;
}

/** The tags of a new task: its own before those of service or definition, and ECS's own (D-9.48, D-9.71). */
export function taskTags(
  { clusterArn, propagateTags, enableECSManagedTags }: TagRules,
  definition: TaskDefinition,
  own: readonly Tag[],
  of: { readonly serviceTags?: readonly Tag[]; readonly serviceName?: string } = {},
): Tag[] {
  const inherited = propagateTags === 'SERVICE' ? (of.serviceTags ?? []) : [];
  const fromDefinition = propagateTags === 'TASK_DEFINITION' ? definitionTags(definition) : [];
  const managed = [
    { key: 'aws:ecs:clusterName', value: clusterArn.split('/').at(-1) ?? '' },
    ...(of.serviceName === undefined ? [] : [{ key: 'aws:ecs:serviceName', value: of.serviceName }]),
  ];
  const all = [...inherited, ...fromDefinition, ...own, ...(enableECSManagedTags ? managed : [])];
  return [...new Map(all.map((tag) => [tag.key, tag])).values()];
}

/** The tags that a task definition was registered with. */
export function definitionTags({ input }: TaskDefinition): Tag[] {
  return structures(input, 'tags').map(({ key, value }) => ({
    key: String(key),
    value: value === undefined ? '' : String(value),
  }));
}
