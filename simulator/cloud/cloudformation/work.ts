import { isDeepStrictEqual } from 'node:util';
import { Fault } from '../../machine.ts';
import type { World } from '../../world.ts';
import { provisionOf, replacingProperties } from '../provision/known.ts';
import type { Site } from '../provision/provision.ts';
import type { Blueprint } from '../template/blueprint.ts';
import { isCustom } from '../template/custom.ts';
import { type StackResource, TemplateError } from '../template/template.ts';
import { CustomFailure, type CustomResources } from './custom.ts';
import type { Member, StackRecord } from './stack.ts';

/** Creating, updating or deleting one resource takes so long (our choice; a custom resource as long as its function). */
export const resourceMs = 1000;

/** Told once whether it went well. */
export type End = (isWell: boolean) => void;

/** What is left to delete when an operation has succeeded: it left the stack, or another one has its place. */
export interface Leftover {
  readonly member: Member;
  readonly resource: StackResource;
  readonly needs: ReadonlySet<string>;
  readonly isKept: boolean;
}

type Action = 'create' | 'update' | 'delete';

/** What CloudFormation does to the resources of one stack, one at a time; every method answers how to break it off. */
export class Work {
  readonly stack: StackRecord;
  private readonly world: World;
  private readonly site: Site;
  private readonly custom: CustomResources;
  /** What a function was last asked to make of a resource, for when nobody knows whether it did. */
  private readonly attempted = new Map<Member, StackResource>();

  constructor(options: { stack: StackRecord; world: World; site: Site; custom: CustomResources }) {
    this.stack = options.stack;
    this.world = options.world;
    this.site = options.site;
    this.custom = options.custom;
  }

  /** Creates a resource of the blueprint. */
  create(blueprint: Blueprint, logicalId: string, end: End): () => void {
    const { stack } = this;
    const member = newMember(blueprint, logicalId, this.world.now);
    stack.members.set(logicalId, member);
    const wanted = this.wanted(blueprint, member);
    if (wanted instanceof Fault) return this.fail(member, 'CREATE', wanted, end);
    return this.bring(member, 'CREATE', wanted, undefined, end);
  }

  /**
   * Makes a resource what the blueprint wants: nothing happens where that is what it is. `leave` hears of the one that
   * is replaced.
   */
  update(blueprint: Blueprint, logicalId: string, leave: (leftover: Leftover) => void, end: End): () => void {
    const member = this.stack.members.get(logicalId);
    const before = member?.resource;
    if (!member || !before) return this.create(blueprint, logicalId, end);
    const wanted = this.wanted(blueprint, member);
    if (wanted instanceof Fault) return this.fail(member, 'UPDATE', wanted, end);
    const { needs } = member;
    Object.assign(member, policiesOf(blueprint, logicalId));
    if (isDeepStrictEqual(wanted.properties, before.properties)) {
      end(true);
      return () => undefined;
    }
    const isKept = blueprint.keepsReplaced(logicalId);
    const ended: End = (isWell) => {
      if (isWell && member.resource && member.resource.physicalId !== before.physicalId)
        leave({ member, resource: before, needs, isKept });
      end(isWell);
    };
    if (!isReplaced(before, wanted)) return this.change(member, wanted, before, ended);
    return this.replace(blueprint, member, wanted, before, ended);
  }

  /** Makes a resource what it was before; `leave` hears of the one that had replaced it. */
  restore(
    member: Member,
    before: StackResource,
    leave: (resource: StackResource) => void,
    end: End,
  ): () => void {
    const { resource = before } = member;
    const isUnsure = isCustom(member.type) && member.status === 'UPDATE_FAILED';
    const isOther = resource.physicalId !== before.physicalId;
    if (isUnsure || (resource !== before && (isCustom(member.type) || !isOther))) {
      const present = isUnsure ? (this.attempted.get(member) ?? resource) : resource;
      return this.change(member, before, present, (isWell) => {
        if (isWell && member.resource?.physicalId !== present.physicalId) leave(present);
        end(isWell);
      });
    }
    if (isOther) leave(resource);
    member.resource = before;
    if (isOther || member.status === 'UPDATE_FAILED')
      this.stack.move(this.world.now, member, 'UPDATE_COMPLETE');
    end(true);
    return () => undefined;
  }

  /** Deletes something that a member is or was. */
  delete(member: Member, resource: StackResource, end: End): () => void {
    const { stack, world } = this;
    const isCurrent = member.resource === resource;
    const say = (status: string, reason?: string) => {
      if (isCurrent) stack.move(world.now, member, status, reason, resource);
      else stack.mention(world.now, member, status, reason, resource);
    };
    say('DELETE_IN_PROGRESS');
    return this.act('delete', resource, undefined, (outcome) => {
      if (outcome instanceof Fault) {
        say('DELETE_FAILED', reasonOf(outcome));
        end(false);
        return;
      }
      if (isCurrent) member.resource = undefined;
      say('DELETE_COMPLETE');
      end(true);
    });
  }

  /** What the blueprint wants of a resource, under the name that the resource has. */
  private wanted(blueprint: Blueprint, { logicalId, resource }: Member): StackResource | Fault {
    try {
      const properties = blueprint.properties(logicalId, (other) => this.stack.resource(other));
      return blueprint.resource(logicalId, properties, resource?.generation ?? 0);
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      return new OwnFault(error.faults.join('; '));
    }
  }

  private replace(
    blueprint: Blueprint,
    member: Member,
    { properties }: StackResource,
    before: StackResource,
    end: End,
  ): () => void {
    const wanted = blueprint.resource(member.logicalId, properties, member.generations + 1);
    if (wanted.physicalId === before.physicalId)
      return this.fail(
        member,
        'UPDATE',
        new OwnFault(
          `CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename ${before.physicalId} and update the stack again.`,
        ),
        end,
      );
    member.generations++;
    const why = 'Requested update requires the creation of a new physical resource; hence creating one.';
    return this.bring(member, 'UPDATE', wanted, why, end);
  }

  /** Creates what a member is to be. */
  private bring(
    member: Member,
    verb: 'CREATE' | 'UPDATE',
    wanted: StackResource,
    why: string | undefined,
    end: End,
  ): () => void {
    const { stack, world } = this;
    stack.move(world.now, member, `${verb}_IN_PROGRESS`, why, { ...wanted, physicalId: '' });
    const cancel = this.act('create', wanted, undefined, (outcome) => {
      if (outcome instanceof Fault) {
        // A function that was asked may have made something all the same: it is asked to delete it.
        if (outcome instanceof CustomFailure && outcome.wasAsked && verb === 'CREATE')
          member.resource = { ...wanted, physicalId: outcome.physicalId ?? wanted.physicalId };
        this.fail(member, verb, outcome, end);
        return;
      }
      member.resource = outcome;
      stack.move(world.now, member, `${verb}_IN_PROGRESS`, 'Resource creation Initiated');
      stack.move(world.now, member, `${verb}_COMPLETE`);
      end(true);
    });
    return () => {
      cancel();
      if (isCustom(wanted.type) && verb === 'CREATE') member.resource = wanted;
      stack.move(world.now, member, `${verb}_FAILED`, 'Resource creation cancelled');
    };
  }

  /** A function may give another name to what it is asked to change. */
  private change(member: Member, target: StackResource, before: StackResource, end: End): () => void {
    const { stack, world } = this;
    const wanted = isCustom(target.type) ? { ...target, physicalId: before.physicalId } : target;
    this.attempted.set(member, wanted);
    stack.move(world.now, member, 'UPDATE_IN_PROGRESS', undefined, wanted);
    const cancel = this.act('update', wanted, before, (outcome) => {
      if (outcome instanceof Fault) {
        this.fail(member, 'UPDATE', outcome, end);
        return;
      }
      member.resource = outcome;
      stack.move(world.now, member, 'UPDATE_COMPLETE');
      end(true);
    });
    return () => {
      cancel();
      stack.move(world.now, member, 'UPDATE_FAILED', 'Resource update cancelled');
    };
  }

  private fail(member: Member, verb: 'CREATE' | 'UPDATE', fault: Fault, end: End): () => void {
    this.stack.move(this.world.now, member, `${verb}_FAILED`, reasonOf(fault));
    end(false);
    return () => undefined;
  }

  private act(
    action: Action,
    resource: StackResource,
    before: StackResource | undefined,
    done: (outcome: StackResource | Fault) => void,
  ): () => void {
    if (isCustom(resource.type)) {
      const type = action === 'create' ? 'Create' : action === 'update' ? 'Update' : 'Delete';
      return this.custom.ask({ type, stackId: this.stack.id, resource, before }, done);
    }
    return this.world.at(this.world.now + resourceMs, () => done(this.provide(action, resource, before)));
  }

  private provide(
    action: Action,
    resource: StackResource,
    before: StackResource | undefined,
  ): StackResource | Fault {
    const site = { ...this.site, runtime: this.stack.runtime };
    try {
      const provision = provisionOf(resource);
      if (action === 'update') provision.update(resource, before ?? resource, site);
      else provision[action](resource, site);
      return resource;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return error;
    }
  }
}

function newMember(blueprint: Blueprint, logicalId: string, now: number): Member {
  return {
    logicalId,
    type: blueprint.typeOf(logicalId),
    status: 'CREATE_IN_PROGRESS',
    reason: undefined,
    changedAt: now,
    resource: undefined,
    generations: 0,
    ...policiesOf(blueprint, logicalId),
  };
}

/** A resource of a stack that is there already. */
export const presentMember = (blueprint: Blueprint, resource: StackResource, now: number): Member => ({
  ...newMember(blueprint, resource.logicalId, now),
  status: 'CREATE_COMPLETE',
  resource,
});

/** What of a template holds for a member without being a property of it. */
export function policiesOf(blueprint: Blueprint, logicalId: string): Pick<Member, 'needs' | 'retention'> {
  return { needs: blueprint.needs(logicalId), retention: blueprint.retention(logicalId) };
}

/** Whether CloudFormation answers the change with another resource. */
export function isReplaced(before: StackResource, wanted: StackResource): boolean {
  const replacing = replacingProperties(before.type);
  return replacing.some((name) => !isDeepStrictEqual(before.properties[name], wanted.properties[name]));
}

/** A service's own words, as CloudFormation passes them on. */
function reasonOf(fault: Fault): string {
  if (fault instanceof CustomFailure || fault instanceof OwnFault) return fault.message;
  const handlerCode =
    fault.code === 'AlreadyExists' ? fault.code : fault.status === 404 ? 'NotFound' : 'InvalidRequest';
  const message = fault.code === 'AlreadyExists' ? fault.message : `${fault.message} (${fault.code})`;
  return `Resource handler returned message: "${message}" (HandlerErrorCode: ${handlerCode})`;
}

/** What CloudFormation itself finds wrong, when the resource's turn comes: an attribute that a function does not answer. */
class OwnFault extends Fault {
  constructor(reason: string) {
    super('ValidationError', reason);
  }
}
