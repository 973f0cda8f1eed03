import { Fault } from '../../machine.ts';
import { TemplateError } from '../template/template.ts';
import { type Change, changesOf, hasChanges } from './changes.ts';
import { describeChange } from './describe.ts';
import type { OnFailure } from './operation.ts';
import type { Request, StackRecord } from './stack.ts';

/** How long CloudFormation works out a change set (our choice). */
export const changeSetMs = 1000;

/** CloudFormation's words for a change set that changes nothing. */
const noChanges =
  "The submitted information didn't contain changes. Submit different information to create a change set.";

/** A change to a stack that can be looked at before it is made. */
export class ChangeSet {
  readonly id: string;
  readonly name: string;
  readonly stack: StackRecord;
  readonly request: Request;
  readonly isCreation: boolean;
  readonly createdAt: number;
  readonly onFailure: OnFailure;
  private readonly description: string | undefined;
  private status: 'CREATE_IN_PROGRESS' | 'CREATE_COMPLETE' | 'FAILED' = 'CREATE_IN_PROGRESS';
  private reason: string | undefined;
  private execution: 'AVAILABLE' | 'UNAVAILABLE' | 'EXECUTE_COMPLETE' = 'UNAVAILABLE';
  private changes: readonly Change[] = [];

  constructor(options: {
    id: string;
    name: string;
    stack: StackRecord;
    request: Request;
    isCreation: boolean;
    createdAt: number;
    onFailure: OnFailure;
    description: string | undefined;
  }) {
    this.id = options.id;
    this.name = options.name;
    this.stack = options.stack;
    this.request = options.request;
    this.isCreation = options.isCreation;
    this.createdAt = options.createdAt;
    this.onFailure = options.onFailure;
    this.description = options.description;
  }

  /** Whether it is still worked out. */
  get isPending(): boolean {
    return this.status === 'CREATE_IN_PROGRESS';
  }

  /** Whether it can be carried out. */
  get isAvailable(): boolean {
    return this.execution === 'AVAILABLE';
  }

  /** Works out what it changes. */
  finish(): void {
    this.reason = this.foresee();
    this.status = this.reason === undefined ? 'CREATE_COMPLETE' : 'FAILED';
    this.execution = this.reason === undefined ? 'AVAILABLE' : 'UNAVAILABLE';
  }

  /** Why it is of no use; undefined: it is. */
  private foresee(): string | undefined {
    try {
      this.changes = changesOf(this.stack, this.request.blueprint);
      return this.isCreation || hasChanges(this.stack, this.request) ? undefined : noChanges;
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      return error.faults.join('; ');
    }
  }

  /** It is carried out. */
  execute(): void {
    this.execution = 'EXECUTE_COMPLETE';
  }

  /** What ListChangeSets says of it. */
  summary(): Record<string, unknown> {
    return {
      StackId: this.stack.id,
      StackName: this.stack.name,
      ChangeSetId: this.id,
      ChangeSetName: this.name,
      Description: this.description,
      CreationTime: new Date(this.createdAt),
      Status: this.status,
      StatusReason: this.reason,
      ExecutionStatus: this.execution,
    };
  }

  /** What DescribeChangeSet says of it. */
  describe(): Record<string, unknown> {
    const { parameters, capabilities, tags } = this.request;
    return {
      ...this.summary(),
      Parameters: parameters,
      Capabilities: capabilities,
      Tags: tags,
      NotificationARNs: [],
      RollbackConfiguration: {},
      Changes: this.changes.map(describeChange),
    };
  }
}

/** The change sets of every stack. */
export class ChangeSets {
  private readonly byStack = new Map<StackRecord, readonly ChangeSet[]>();

  /** Whether any is still worked out. */
  get isAnyPending(): boolean {
    return [...this.byStack.values()].flat().some(({ isPending }) => isPending);
  }

  /** Those of a stack, oldest first. */
  of(stack: StackRecord): readonly ChangeSet[] {
    return this.byStack.get(stack) ?? [];
  }

  /** Refuses a name that a change set of the stack has. Throws Fault. */
  checkFree(stack: StackRecord, name: string): void {
    if (this.of(stack).some((changeSet) => changeSet.name === name))
      throw new Fault('AlreadyExistsException', `ChangeSet [${name}] already exists`);
  }

  /** Keeps one more. */
  add(changeSet: ChangeSet): void {
    this.byStack.set(changeSet.stack, [...this.of(changeSet.stack), changeSet]);
  }

  /** Forgets one, by name or ARN; what is not there is forgotten in silence. */
  delete(stack: StackRecord, nameOrId: string): void {
    this.byStack.set(
      stack,
      this.of(stack).filter(({ name, id }) => name !== nameOrId && id !== nameOrId),
    );
  }

  /** An operation begins: what was foreseen for the stack holds no longer, except for what is carried out. */
  begin(stack: StackRecord, changeSet?: ChangeSet): void {
    this.byStack.set(stack, changeSet ? [changeSet] : []);
  }

  /** By name among those of a stack, or by ARN among all. Throws Fault. */
  find(nameOrId: string, stack: StackRecord | undefined): ChangeSet {
    const candidates = stack ? this.of(stack) : [...this.byStack.values()].flat();
    const found = candidates.find(({ name, id }) => name === nameOrId || id === nameOrId);
    if (!found) throw new Fault('ChangeSetNotFound', `ChangeSet [${nameOrId}] does not exist`, 404);
    return found;
  }
}
