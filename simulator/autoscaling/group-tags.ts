import type { Filter, Tag as RequestedTag } from '@aws-sdk/client-auto-scaling';
import { Fault } from '../machine.ts';
import type { Group, Tag } from './state.ts';
import { checkLength, validationError } from './validation.ts';

const tagsMax = 50;

/** The tags with others put among them, by key. Throws ValidationError or LimitExceeded as AWS would. */
export function withTags(tags: readonly Tag[], requested: readonly RequestedTag[]): Tag[] {
  const byKey = new Map(tags.map((tag) => [tag.Key, tag]));
  for (const { Key = '', Value = '', PropagateAtLaunch = false } of requested) {
    checkLength('tags.member.key', Key, 1, 128);
    checkLength('tags.member.value', Value, 0, 256);
    if (Key.toLowerCase().startsWith('aws:'))
      throw validationError(`Tag keys that start with aws: are reserved for AWS: ${Key}`);
    byKey.set(Key, { Key, Value, PropagateAtLaunch });
  }
  if (byKey.size > tagsMax)
    throw new Fault('LimitExceeded', `Only ${tagsMax} tags are allowed per AutoScalingGroup`);
  return [...byKey.values()];
}

/** A group's tags as the API describes them. */
export const describedTags = (group: Group) =>
  group.tags.map((tag) => ({ ResourceId: group.name, ResourceType: 'auto-scaling-group', ...tag }));

/** Values of one filter are alternatives, several filters must all hold (DescribeAutoScalingGroups, `Filter`). */
export function matchesTagFilters(group: Group, filters: readonly Filter[]): boolean {
  return filters.every(({ Name = '', Values = [] }) => {
    if (Name === 'tag-key') return group.tags.some((tag) => Values.includes(tag.Key));
    if (Name === 'tag-value') return group.tags.some((tag) => Values.includes(tag.Value));
    if (!Name.startsWith('tag:')) throw unknownFilter(Name, ['tag-key', 'tag-value', 'tag:<key>']);
    return group.tags.some((tag) => `tag:${tag.Key}` === Name && Values.includes(tag.Value));
  });
}

/** Refuses a filter that the operation does not have. */
export const unknownFilter = (name: string, known: readonly string[]) =>
  validationError(`Filter type ${name} is not correct. Allowed filter types are: ${known.join(' ')}`);
