import type { TaskDefinition } from './records.ts';

/** The task definitions of the account: revisions of families, in the order in which they were registered. */
export class Families {
  private readonly revisions = new Map<string, TaskDefinition[]>();

  /** Every revision, by family in the order of their names, then by number. */
  all(): TaskDefinition[] {
    return this.names().flatMap((name) => this.of(name));
  }

  /** The names of all families there ever were, in order. */
  names(): string[] {
    return [...this.revisions.keys()].sort();
  }

  /** The revisions of a family. */
  of(family: string): readonly TaskDefinition[] {
    return this.revisions.get(family) ?? [];
  }

  /** The number of the next revision: one more than the highest there ever was, deleted or not. */
  nextRevision(family: string): number {
    return (this.of(family).at(-1)?.revision ?? 0) + 1;
  }

  /** Writes a revision, new or changed. */
  put(definition: TaskDefinition): void {
    const others = this.of(definition.family).filter(({ revision }) => revision !== definition.revision);
    const revisions = [...others, definition].sort((a, b) => a.revision - b.revision);
    this.revisions.set(definition.family, revisions);
  }

  /** What `family:revision` names, or the latest ACTIVE revision of a family (D-9.36). */
  find(name: string): TaskDefinition | undefined {
    const [family = '', revision, ...more] = name.split(':');
    if (more.length > 0) return undefined;
    if (revision === undefined) return this.of(family).findLast(({ status }) => status === 'ACTIVE');
    return this.of(family).find((each) => String(each.revision) === revision);
  }
}
