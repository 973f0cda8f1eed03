/** A resource of a container instance, as events and the API both name it. */
export interface Resource {
  readonly name?: string | undefined;
  readonly integerValue?: number | undefined;
}

/**
 * Whether tasks still hold CPU or memory of a container instance. They do until they are STOPPED, and every task holds
 * memory, so an instance of which nothing is held runs none. The remaining resources are what is not allocated (D-9.4).
 */
export function areHeld(registered: readonly Resource[], remaining: readonly Resource[]): boolean {
  return ['CPU', 'MEMORY'].some((name) => amountOf(name, remaining) < amountOf(name, registered));
}

function amountOf(name: string, resources: readonly Resource[]): number {
  return resources.find((resource) => resource.name === name)?.integerValue ?? 0;
}
