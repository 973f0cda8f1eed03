import { type Input, invalid, structures } from './input.ts';
import type { ContainerInstanceRecord, OtherResource, TaskDefinition } from './records.ts';

const resourceName = 'GPU';

/** How many GPUs a container asks for (D-9.72). Throws on a number that cannot be. */
export function gpusOf(container: Input): number {
  const [asked] = structures(container, 'resourceRequirements').filter(({ type }) => type === resourceName);
  if (!asked) return 0;
  const count = typeof asked.value === 'string' && /^\d+$/.test(asked.value) ? Number(asked.value) : 0;
  if (count > 0) return count;
  throw invalid(
    `resourceRequirements: expected a number of GPUs, at least "1", got ${JSON.stringify(asked.value)}.`,
  );
}

/** The GPUs that no task on the instance has, by id. */
export function freeGpuIds({ otherResources, heldGpuIds }: ContainerInstanceRecord): string[] {
  return otherResources
    .flatMap(({ name, value }) => (name === resourceName && Array.isArray(value) ? value : []))
    .filter((id) => !heldGpuIds.includes(id));
}

/** What of an instance's other resources no task has: of GPUs those that are free (D-9.5, D-9.72). */
export function remainingOthers(instance: ContainerInstanceRecord): OtherResource[] {
  return instance.otherResources.map((resource) =>
    resource.name === resourceName ? { ...resource, value: freeGpuIds(instance) } : resource,
  );
}

/** GPUs of an instance for the containers of a task, by name; overrides replace what the definition asks for (D-9.68). */
export function gpuIdsFor(
  definition: TaskDefinition,
  overrides: Input,
  free: readonly string[],
): Map<string, string[]> {
  const overridden = new Map(
    structures(overrides, 'containerOverrides').map((override) => [override.name, override]),
  );
  let next = 0;
  return new Map(
    structures(definition.input, 'containerDefinitions').map((container) => {
      const first = next;
      next += gpusOf({ ...container, ...overridden.get(container.name) });
      return [String(container.name), free.slice(first, next)];
    }),
  );
}
