import { Fault } from '../machine.ts';
import { type Input, invalid, requiredText, structures, text } from './input.ts';
import type { Tag, TaskDefinition } from './records.ts';
import type { PropagateTags } from './service-records.ts';

/** D-9.63. */
const tagsMax = 50;
const keyPattern = /^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/iu;
const valuePattern = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u;

/** Tags as they were given, checked (D-9.63). */
export function tagsOf(input: Input): Tag[] {
  const tags = structures(input, 'tags').map((tag) => ({
    key: tagKey(tag),
    value: text(tag, 'value', valuePattern) ?? '',
  }));
  if (tags.length > tagsMax) throw invalid(`tags can have at most ${tagsMax} items.`);
  if (new Set(tags.map(({ key }) => key)).size < tags.length) throw invalid('tags: keys must be unique.');
  return tags;
}

/** The key of a tag; the prefix `aws:` is reserved in any case (D-9.63). */
export const tagKey = (tag: Input): string => requiredText(tag, 'key', keyPattern);

/** The tags of a resource after some were given; the others stay, and those of AWS do not count. Throws LimitExceededException (D-9.63). */
export function withTags(before: readonly Tag[], given: readonly Tag[]): Tag[] {
  const kept = before.filter(({ key }) => !given.some((tag) => tag.key === key));
  const tags = [...kept, ...given];
  if (tags.filter(({ key }) => !key.startsWith('aws:')).length <= tagsMax) return tags;
  throw new Fault('LimitExceededException', `A resource can have at most ${tagsMax} tags.`);
}

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
