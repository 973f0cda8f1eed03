import { Fault } from '../../machine.ts';
import type { Output } from '../template/loader.ts';
import type { StackRecord } from './stack.ts';

/** What stacks export to each other, by name. */
export class Exports {
  private readonly entries = new Map<string, { readonly stack: StackRecord; readonly value: string }>();
  private readonly stacks: () => readonly StackRecord[];

  constructor(stacks: () => readonly StackRecord[]) {
    this.stacks = stacks;
  }

  /** The values by name. */
  values(): ReadonlyMap<string, string> {
    return new Map([...this.entries].map(([name, { value }]) => [name, value]));
  }

  /** Every export, by name. */
  all(): { Name: string; Value: string; ExportingStackId: string }[] {
    return [...this.entries].map(([Name, { stack, value }]) => ({
      Name,
      Value: value,
      ExportingStackId: stack.id,
    }));
  }

  /** The names of the stacks that import what this one exports. */
  importers(exportName: string): string[] {
    return this.stacks()
      .filter(
        ({ request, deletedAt }) => deletedAt === undefined && request?.blueprint.imports.has(exportName),
      )
      .map(({ name }) => name);
  }

  /** Takes the outputs of a stack in the place of those that it had. Throws Fault, and then everything stays. */
  publish(stack: StackRecord, outputs: readonly Output[]): void {
    const wanted = new Map(
      outputs.flatMap(({ exportName, value }) => (exportName === undefined ? [] : [[exportName, value]])),
    );
    for (const [name, { stack: owner, value }] of this.entries) {
      if (owner === stack) this.checkUse(name, value, wanted.get(name));
      else if (wanted.has(name))
        throw new Fault(
          'ValidationError',
          `Export with name ${name} is already exported by stack ${owner.name}.`,
        );
    }
    for (const [name, { stack: owner }] of [...this.entries]) if (owner === stack) this.entries.delete(name);
    for (const [name, value] of wanted) this.entries.set(name, { stack, value });
    stack.outputs = outputs;
  }

  /** Why a stack cannot go; undefined: it can. */
  hold({ outputs }: StackRecord): string | undefined {
    for (const { exportName } of outputs) {
      const [importer] = exportName === undefined ? [] : this.importers(exportName);
      if (importer) return `Export ${exportName} cannot be deleted as it is in use by ${importer}`;
    }
    return undefined;
  }

  private checkUse(name: string, before: string, after: string | undefined): void {
    const [importer] = after === before ? [] : this.importers(name);
    if (importer)
      throw new Fault(
        'ValidationError',
        `Export ${name} cannot be ${after === undefined ? 'deleted' : 'updated'} as it is in use by ${importer}`,
      );
  }
}
