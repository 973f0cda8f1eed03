import type {
  CreateOrUpdateTagsType,
  DeleteTagsType,
  DescribeTagsType,
  Tag as RequestedTag,
} from '@aws-sdk/client-auto-scaling';
import { describedTags, unknownFilter, withTags } from './group-tags.ts';
import { type Operation, operation } from './operation.ts';
import { page } from './page.ts';
import type { Group, State } from './state.ts';
import { oneOf, validationError } from './validation.ts';

type DescribedTag = ReturnType<typeof describedTags>[number];

const filters: Readonly<Record<string, (tag: DescribedTag) => string>> = {
  'auto-scaling-group': (tag) => tag.ResourceId,
  key: (tag) => tag.Key,
  value: (tag) => tag.Value,
  'propagate-at-launch': (tag) => String(tag.PropagateAtLaunch),
};

/** CreateOrUpdateTags, DeleteTags, DescribeTags. A request that names an unknown group changes nothing at all. */
export function tagOperations({ state }: { state: State }): Record<string, Operation> {
  return {
    CreateOrUpdateTags: operation(({ now }, input: CreateOrUpdateTagsType) => {
      const changed = byGroup(state, input.Tags ?? []).map(({ group, tags }) => ({
        ...group,
        tags: withTags(group.tags, tags),
      }));
      for (const group of changed) state.groups.set(now, group.name, group);
      return {};
    }),
    DeleteTags: operation(({ now }, input: DeleteTagsType) => {
      for (const { group, tags } of byGroup(state, input.Tags ?? [])) {
        const keys = new Set(tags.map((tag) => tag.Key));
        state.groups.set(now, group.name, { ...group, tags: group.tags.filter((tag) => !keys.has(tag.Key)) });
      }
      return {};
    }),
    DescribeTags: operation(({ viewAt }, input: DescribeTagsType) => {
      const matching = (input.Filters ?? []).reduce((tags, { Name = '', Values = [] }) => {
        const read = filters[Name];
        if (!read) throw unknownFilter(Name, Object.keys(filters));
        return tags.filter((tag) => Values.includes(read(tag)));
      }, state.groups.values(viewAt).flatMap(describedTags));
      const keyOf = (tag: DescribedTag) => `${tag.ResourceId}\n${tag.Key}`;
      const { items, NextToken } = page(input, { usual: 50, most: 100 }, matching, keyOf);
      return { Tags: items, NextToken };
    }),
  };
}

function byGroup(state: State, requested: readonly RequestedTag[]): { group: Group; tags: RequestedTag[] }[] {
  const found = new Map<string, { group: Group; tags: RequestedTag[] }>();
  for (const tag of requested) {
    const { ResourceId = '', ResourceType = 'auto-scaling-group' } = tag;
    oneOf('tags.member.resourceType', ResourceType, ['auto-scaling-group']);
    const group = state.findGroup(ResourceId);
    if (!group)
      throw validationError(`AutoScalingGroup not found - AutoScaling Group ${ResourceId} not found`);
    const entry = found.get(group.name) ?? { group, tags: [] };
    entry.tags.push(tag);
    found.set(group.name, entry);
  }
  return [...found.values()];
}
