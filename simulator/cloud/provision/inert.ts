import type { StackResource } from '../template/template.ts';
import { alreadyExists, type Provision } from './provision.ts';

/** A type that nothing happens through here: its resources have a name of their own in the account, and that is all. */
export const inert: Provision = {
  create(resource, site) {
    if (site.inert.has(keyOf(resource))) throw alreadyExists(resource);
    site.inert.set(keyOf(resource), resource);
  },
  update(resource, _before, site) {
    site.inert.set(keyOf(resource), resource);
  },
  delete(resource, site) {
    site.inert.delete(keyOf(resource));
  },
};

const keyOf = ({ type, physicalId }: StackResource) => `${type} ${physicalId}`;
