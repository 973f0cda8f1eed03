import { Fault } from '../../machine.ts';
import type { Blueprint } from '../template/blueprint.ts';
import type { StackResource } from '../template/template.ts';
import { provisionOf } from './known.ts';
import type { Site } from './provision.ts';

/**
 * Creates what a template consists of, all at once, each resource after those that it needs; `custom` says what a
 * custom resource is called. Throws Fault as the service does that refuses it, the logical id in front.
 */
export function install(
  blueprint: Blueprint,
  site: Site,
  custom: (resource: StackResource) => StackResource,
): ReadonlyMap<string, StackResource> {
  const created = new Map<string, StackResource>();
  for (const logicalId of blueprint.order) {
    const properties = blueprint.properties(logicalId, (other) => created.get(other));
    const resource = blueprint.resource(logicalId, properties, 0);
    within(resource, () => {
      if (blueprint.isCustom(logicalId)) created.set(logicalId, custom(resource));
      else {
        provisionOf(resource).create(resource, site);
        created.set(logicalId, resource);
      }
    });
  }
  return created;
}

function within({ logicalId, type }: StackResource, run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new Fault(error.code, `${logicalId} (${type}): ${error.message}`, error.status);
  }
}
