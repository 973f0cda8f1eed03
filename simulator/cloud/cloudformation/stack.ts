import type { Runtime } from '../lambda/sandbox.ts';
import type { Blueprint } from '../template/blueprint.ts';
import type { Output } from '../template/loader.ts';
import { type Place, stackIdOf } from '../template/names.ts';
import type { StackResource } from '../template/template.ts';

/** What happened to a stack or to one of its resources. */
export interface StackEvent {
  readonly id: string;
  readonly at: number;
  readonly logicalId: string;
  readonly physicalId: string;
  readonly type: string;
  readonly status: string;
  readonly reason: string | undefined;
  readonly properties: Readonly<Record<string, unknown>> | undefined;
}

/** A resource of a stack, from when it is begun. */
export interface Member {
  readonly logicalId: string;
  readonly type: string;
  status: string;
  reason: string | undefined;
  changedAt: number;
  /** What there is of it; undefined: nothing. */
  resource: StackResource | undefined;
  /** How many resources were made to take the place of one before. */
  generations: number;
  /** The logical ids that it refers to or waits for. */
  needs: ReadonlySet<string>;
  /** It stays when it leaves the stack: never, always, or unless the stack is rolled back while it is created. */
  retention: 'never' | 'always' | 'except-on-create';
}

/** What a stack is asked to be. */
export interface Request {
  readonly blueprint: Blueprint;
  /** The template as it came. */
  readonly text: string;
  readonly parameters: readonly Parameter[];
  readonly tags: readonly Tag[];
  readonly capabilities: readonly string[];
}

/** A parameter of a stack; the value of one that is not to be echoed is not shown. */
export interface Parameter {
  readonly ParameterKey: string;
  readonly ParameterValue: string;
}

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

/** The type under which a stack stands among its own events. */
export const stackType = 'AWS::CloudFormation::Stack';

/** A stack: what it was asked to be, what there is of it, and what happened. */
export class StackRecord {
  readonly id: string;
  readonly name: string;
  readonly place: Place;
  readonly createdAt: number;
  /** Finds the code of its functions without their packages. */
  readonly runtime: Runtime | undefined;
  readonly members = new Map<string, Member>();
  /** Oldest first. */
  readonly events: StackEvent[] = [];
  status = 'REVIEW_IN_PROGRESS';
  reason: string | undefined;
  updatedAt: number | undefined;
  deletedAt: number | undefined;
  /** Undefined while it is only under review. */
  request: Request | undefined;
  outputs: readonly Output[] = [];
  disableRollback = false;
  isProtected = false;
  /** Breaks the operation off that is under way. */
  cancel: () => void = () => undefined;
  private readonly newId: () => string;

  constructor(options: {
    place: Place;
    createdAt: number;
    newId: () => string;
    runtime?: Runtime | undefined;
  }) {
    this.place = options.place;
    this.id = stackIdOf(options.place);
    this.name = options.place.stackName;
    this.createdAt = options.createdAt;
    this.runtime = options.runtime;
    this.newId = options.newId;
  }

  /** Whether an operation is under way. */
  get isUnderWay(): boolean {
    return this.status.endsWith('_IN_PROGRESS') && this.status !== 'REVIEW_IN_PROGRESS';
  }

  /** The stack itself goes on to a status. */
  become(at: number, status: string, reason?: string): void {
    this.status = status;
    this.reason = reason;
    const { name: logicalId, id: physicalId } = this;
    this.tell({ at, logicalId, physicalId, type: stackType, status, reason, properties: undefined });
  }

  /** A resource goes on to a status. `resource`: what is meant, where that is not what the member is. */
  move(
    at: number,
    member: Member,
    status: string,
    reason?: string,
    resource: StackResource | undefined = member.resource,
  ): void {
    Object.assign(member, { status, reason, changedAt: at });
    this.mention(at, member, status, reason, resource);
  }

  /** Something happens to a resource that has left the stack, or that another one has replaced. */
  mention(
    at: number,
    { logicalId, type }: Member,
    status: string,
    reason: string | undefined,
    resource: StackResource | undefined,
  ): void {
    const { physicalId = '', properties } = resource ?? {};
    this.tell({ at, logicalId, physicalId, type, status, reason, properties });
  }

  /** What there is of a resource; undefined: nothing. */
  resource(logicalId: string): StackResource | undefined {
    return this.members.get(logicalId)?.resource;
  }

  private tell(event: Omit<StackEvent, 'id'>): void {
    this.events.push({ id: this.newId(), ...event });
  }
}
