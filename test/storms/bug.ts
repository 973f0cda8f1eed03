import type { Change } from '../prove/change.ts';
import type { Plan, PlannedGroup, Timed } from './plan.ts';

/** A bug that is put into a copy of the code on purpose, for the storms to find. */
export interface Planted {
  /** What is wrong then, as a sentence. */
  readonly broken: string;
  /** More than one where another rule would cover it up. */
  readonly changes: readonly Change[];
  /** Whether it makes any difference to a storm; one to which it makes none is counted, and not played. Undefined: to any. */
  readonly matters?: (plan: Plan) => boolean;
}

/** One change that breaks a rule. */
export const bug = (broken: string, file: string, find: string, replace: string): Planted => ({
  broken,
  changes: [{ file, find, replace }],
});
/** Several, where one alone would be covered up. */
export const both = (broken: string, ...bugs: readonly Planted[]): Planted => ({
  broken,
  changes: bugs.flatMap(({ changes }) => changes),
});

/** The same bug, which makes a difference only where one of the groups, or one of the acts, is like that. */
export const where = (
  planted: Planted,
  isIn: { readonly group?: (group: PlannedGroup) => boolean; readonly act?: (act: Timed) => boolean },
): Planted => ({
  ...planted,
  matters: ({ groups, history }) =>
    (isIn.group !== undefined && groups.some(isIn.group)) ||
    (isIn.act !== undefined && history.some(isIn.act)),
});
