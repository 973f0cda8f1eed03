import { Fault } from '../../machine.ts';
import type { World } from '../../world.ts';
import type { Blueprint } from '../template/blueprint.ts';
import type { Output } from '../template/loader.ts';
import { type StackResource, TemplateError } from '../template/template.ts';
import type { Member, Request, StackRecord } from './stack.ts';
import { type Step, Steps } from './steps.ts';
import { type Leftover, policiesOf, type Work } from './work.ts';

/** What happens to a stack that fails while it is created. */
export type OnFailure = 'ROLLBACK' | 'DELETE' | 'DO_NOTHING';

/** One operation on a stack, from its first event to its last. */
export class Operation {
  private readonly world: World;
  private readonly work: Work;
  private readonly stack: StackRecord;
  /** Takes the outputs of the stack, and says what is wrong with what they export. */
  private readonly publish: (stack: StackRecord, outputs: readonly Output[]) => void;

  constructor(options: {
    world: World;
    work: Work;
    publish: (stack: StackRecord, outputs: readonly Output[]) => void;
  }) {
    this.world = options.world;
    this.work = options.work;
    this.stack = options.work.stack;
    this.publish = options.publish;
  }

  /** Creates the stack. */
  create(request: Request, onFailure: OnFailure): void {
    const { blueprint } = request;
    this.stack.request = request;
    this.become('CREATE_IN_PROGRESS', 'User Initiated');
    const steps = blueprint.order.map((logicalId) =>
      stepOf(logicalId, blueprint.needs(logicalId), (end) => this.work.create(blueprint, logicalId, end)),
    );
    this.take(steps, true, (isWell) => {
      const reason = isWell ? this.publishOutputs(blueprint) : this.failures();
      if (reason === undefined) this.become('CREATE_COMPLETE');
      else this.undoCreation(reason, onFailure);
    });
  }

  /** Makes the stack what is asked for now. */
  update(request: Request, disableRollback: boolean): void {
    const { blueprint } = request;
    const before = { request: this.stack.request, resources: this.resources() };
    const left: Leftover[] = [];
    this.stack.request = request;
    this.become('UPDATE_IN_PROGRESS', 'User Initiated');
    const steps = blueprint.order.map((logicalId) =>
      stepOf(logicalId, blueprint.needs(logicalId), (end) =>
        this.work.update(blueprint, logicalId, (leftover) => left.push(leftover), end),
      ),
    );
    this.take(steps, true, (isWell) => {
      const reason = isWell ? this.publishOutputs(blueprint) : this.failures();
      if (reason === undefined) this.cleanUp(blueprint, left);
      else if (disableRollback) this.become('UPDATE_FAILED', reason);
      else this.undoUpdate(reason, before);
    });
  }

  /** Deletes the stack; `kept` are the logical ids of resources that stay although they could not be deleted before. */
  delete(kept: readonly string[]): void {
    this.become('DELETE_IN_PROGRESS', 'User Initiated');
    this.deleteAll(kept, (isWell) => {
      if (isWell) this.end('DELETE_COMPLETE');
      else this.become('DELETE_FAILED', listOf('delete', this.failed('DELETE_FAILED')));
    });
  }

  private undoCreation(reason: string, onFailure: OnFailure): void {
    if (onFailure === 'DO_NOTHING') {
      this.become('CREATE_FAILED', reason);
      return;
    }
    const isDeleted = onFailure === 'DELETE';
    const asked = isDeleted ? 'Delete requested by user.' : 'Rollback requested by user.';
    this.become(isDeleted ? 'DELETE_IN_PROGRESS' : 'ROLLBACK_IN_PROGRESS', `${reason}${asked}`);
    for (const member of this.stack.members.values())
      if (member.retention === 'except-on-create') member.retention = 'never';
    this.deleteAll([], (isWell) => {
      if (isWell && isDeleted) this.end('DELETE_COMPLETE');
      else if (isWell) this.become('ROLLBACK_COMPLETE');
      else
        this.become(
          isDeleted ? 'DELETE_FAILED' : 'ROLLBACK_FAILED',
          listOf('delete', this.failed('DELETE_FAILED')),
        );
    });
  }

  /** What left the stack and what was replaced goes last; what cannot be deleted then is nobody's any more. */
  private cleanUp(blueprint: Blueprint, left: readonly Leftover[]): void {
    this.become('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS');
    const wanted = new Set(blueprint.order);
    const removed = [...this.stack.members.values()].filter(({ logicalId }) => !wanted.has(logicalId));
    const leavers = removed.flatMap((member): Leftover[] =>
      member.resource
        ? [{ member, resource: member.resource, needs: member.needs, isKept: member.retention !== 'never' }]
        : [],
    );
    this.drop([...left, ...leavers], () => {
      for (const { logicalId } of removed) this.stack.members.delete(logicalId);
      this.become('UPDATE_COMPLETE');
    });
  }

  private undoUpdate(
    reason: string,
    before: { request: Request | undefined; resources: ReadonlyMap<string, StackResource> },
  ): void {
    const { stack } = this;
    this.become('UPDATE_ROLLBACK_IN_PROGRESS', reason);
    stack.request = before.request;
    const blueprint = before.request?.blueprint;
    const made: Leftover[] = [];
    const leave = (member: Member) => (resource: StackResource) =>
      made.push({ member, resource, needs: member.needs, isKept: false });
    const steps = [...before.resources].flatMap(([logicalId, resource]): Step[] => {
      const member = stack.members.get(logicalId);
      if (!member) return [];
      const after = blueprint?.needs(logicalId) ?? new Set();
      return [stepOf(logicalId, after, (end) => this.work.restore(member, resource, leave(member), end))];
    });
    this.take(steps, false, (isWell) => {
      if (!isWell) {
        this.become('UPDATE_ROLLBACK_FAILED', listOf('update', this.failed('UPDATE_FAILED')));
        return;
      }
      this.become('UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS');
      const added = [...stack.members.values()].filter(({ logicalId }) => !before.resources.has(logicalId));
      for (const member of added) if (member.resource) leave(member)(member.resource);
      this.drop(made, () => {
        for (const { logicalId } of added) stack.members.delete(logicalId);
        for (const [logicalId, member] of stack.members)
          if (blueprint) Object.assign(member, policiesOf(blueprint, logicalId));
        this.become('UPDATE_ROLLBACK_COMPLETE');
      });
    });
  }

  private deleteAll(kept: readonly string[], onEnd: (isWell: boolean) => void): void {
    const members = [...this.stack.members.values()].filter(({ status }) => status !== 'DELETE_COMPLETE');
    const leavers = members.flatMap((member): Leftover[] => {
      const isKept = member.retention !== 'never' || kept.includes(member.logicalId);
      if (member.resource) return [{ member, resource: member.resource, needs: member.needs, isKept }];
      this.stack.move(this.world.now, member, 'DELETE_COMPLETE');
      return [];
    });
    this.drop(leavers, onEnd);
  }

  /** Deletes, each after those that need it. */
  private drop(leavers: readonly Leftover[], onEnd: (isWell: boolean) => void): void {
    const steps = leavers.map(({ member, resource, isKept }) => {
      const { logicalId } = member;
      const needing = leavers.filter(({ needs }) => needs.has(logicalId));
      const after = new Set(needing.map((other) => other.member.logicalId));
      return stepOf(logicalId, after, (end) => {
        if (!isKept) return this.work.delete(member, resource, end);
        this.stack.move(this.world.now, member, 'DELETE_SKIPPED', undefined, resource);
        end(true);
        return () => undefined;
      });
    });
    this.take(steps, false, onEnd);
  }

  private take(steps: readonly Step[], stopsAtFailure: boolean, onEnd: (isWell: boolean) => void): void {
    const taken = new Steps({ steps, stopsAtFailure, onEnd });
    this.stack.cancel = () => taken.cancel();
  }

  private end(status: string): void {
    this.become(status);
    this.stack.deletedAt = this.world.now;
    this.publish(this.stack, []);
  }

  private become(status: string, reason?: string): void {
    const { stack, world } = this;
    if (status.startsWith('UPDATE') || status === 'DELETE_IN_PROGRESS') stack.updatedAt = world.now;
    stack.become(world.now, status, reason);
  }

  /** Why the outputs cannot be what the template says; undefined: they are. */
  private publishOutputs(blueprint: Blueprint): string | undefined {
    try {
      this.publish(
        this.stack,
        blueprint.outputs((logicalId) => this.stack.resource(logicalId)),
      );
      return undefined;
    } catch (error) {
      if (error instanceof TemplateError) return error.faults.join('; ');
      if (error instanceof Fault) return error.message;
      throw error;
    }
  }

  private resources(): ReadonlyMap<string, StackResource> {
    const there = [...this.stack.members].flatMap(([logicalId, { resource }]) =>
      resource ? [[logicalId, resource] as const] : [],
    );
    return new Map(there);
  }

  private failed(status: string): string[] {
    return [...this.stack.members.values()]
      .filter((member) => member.status === status)
      .map(({ logicalId }) => logicalId);
  }

  private failures(): string {
    const created = this.failed('CREATE_FAILED');
    const updated = this.failed('UPDATE_FAILED');
    return `${listOf('create', created)}${listOf('update', updated)}`;
  }
}

const listOf = (verb: string, logicalIds: readonly string[]) =>
  logicalIds.length === 0 ? '' : `The following resource(s) failed to ${verb}: [${logicalIds.join(', ')}]. `;

/** A step that may end before it is known how to break it off. */
function stepOf(
  key: string,
  after: ReadonlySet<string>,
  begin: (end: (isWell: boolean) => void) => () => void,
): Step {
  let cancel: () => void = () => undefined;
  return {
    key,
    after,
    begin: (end) => {
      cancel = begin(end);
    },
    cancel: () => cancel(),
  };
}
