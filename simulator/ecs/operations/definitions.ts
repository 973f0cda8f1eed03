import { Fault } from '../../machine.ts';
import { lastSegment } from '../arn.ts';
import { readDefinition } from '../definition.ts';
import { type Input, ids, invalid, oneOf, requiredText, someOf, structures, text } from '../input.ts';
import { page } from '../paging.ts';
import type { TaskDefinition } from '../records.ts';
import { taskDefinitionShape } from '../shapes.ts';
import type { State } from '../state.ts';
import { definitionTags, tagsOf } from '../tags.ts';
import type { Operations } from './operation.ts';

const familyPattern = /^[A-Za-z0-9_-]{1,255}$/;
const deletesMax = 10;
/** Of a definition as JSON (D-14.60). */
const bytesMax = 65_536;

/** The definition that a call names, and that new tasks may run. Throws ClientException when it is none. */
export function definitionOf(state: State, nameOrArn: string): TaskDefinition {
  const definition = known(state, nameOrArn);
  if (definition.status !== 'ACTIVE') throw new Fault('ClientException', 'TaskDefinition is inactive');
  return definition;
}

/** Throws on what is too large (D-14.60), in AWS's words as far as they are known. */
function checkSize({ quotas: { containersPerDefinition } }: State, input: Input): void {
  const { length } = JSON.stringify(input);
  if (length > bytesMax)
    throw new Fault(
      'ClientException',
      `Actual length: '${length}'. Max allowed length is '${bytesMax}' bytes.`,
    );
  if (structures(input, 'containerDefinitions').length > containersPerDefinition)
    throw new Fault(
      'ClientException',
      `Container definitions can have at most ${containersPerDefinition} items.`,
    );
}

/** The operations on task definitions. */
export const definitionOperations: Operations = {
  RegisterTaskDefinition: {
    answer({ now, input, state, caller }) {
      const family = requiredText(input, 'family', familyPattern);
      const revision = state.families.nextRevision(family);
      const tags = tagsOf(input);
      checkSize(state, input);
      const taskDefinitionArn = state.arns.taskDefinition(`${family}:${revision}`);
      const registered = { registeredAt: now, registeredBy: caller.principalArn };
      const definition = readDefinition(input, { taskDefinitionArn, revision, ...registered });
      state.families.put(definition);
      return { taskDefinition: taskDefinitionShape(definition), ...(tags.length > 0 && { tags }) };
    },
  },
  DeregisterTaskDefinition: {
    answer({ now, input, state }) {
      const definition = known(state, withRevision(requiredText(input, 'taskDefinition')));
      if (definition.status !== 'ACTIVE') return { taskDefinition: taskDefinitionShape(definition) };
      const inactive: TaskDefinition = { ...definition, status: 'INACTIVE', deregisteredAt: now };
      state.families.put(inactive);
      return { taskDefinition: taskDefinitionShape(inactive) };
    },
  },
  DeleteTaskDefinitions: {
    answer({ now, input, state }) {
      const asked = ids(input, 'taskDefinitions', deletesMax, 'taskDefinitions').map(withRevision);
      const outcomes = [...new Set(asked)].map((name) => deleted(state, now, name));
      return {
        taskDefinitions: outcomes.flatMap((outcome) =>
          'family' in outcome ? [taskDefinitionShape(outcome)] : [],
        ),
        failures: outcomes.flatMap((outcome) => ('family' in outcome ? [] : [outcome])),
      };
    },
  },
  DescribeTaskDefinition: {
    reads: 'task-definitions',
    answer({ input, state }) {
      const definition = known(state, requiredText(input, 'taskDefinition'));
      const wantsTags = someOf(input, 'include', ['TAGS']).includes('TAGS');
      return {
        taskDefinition: taskDefinitionShape(definition),
        ...(wantsTags && { tags: definitionTags(definition) }),
      };
    },
  },
  ListTaskDefinitions: {
    reads: 'task-definitions',
    answer(request) {
      const { input, state } = request;
      const status = oneOf(input, 'status', ['ACTIVE', 'INACTIVE', 'DELETE_IN_PROGRESS']) ?? 'ACTIVE';
      const order = oneOf(input, 'sort', ['ASC', 'DESC']) ?? 'ASC';
      const family = text(input, 'familyPrefix', familyPattern);
      const listed = state.families
        .all()
        .filter((each) => each.status === status && isThere(state, each))
        // The whole name of a family, despite the name of the member.
        .filter((each) => family === undefined || each.family === family)
        .map(({ taskDefinitionArn }) => taskDefinitionArn);
      const sign = order === 'ASC' ? 1 : -1;
      const compare = (one: string, other: string) => sign * byFamilyAndRevision(one, other);
      const { entries, ...token } = page(request, listed, { usualSize: 100, compare });
      return { taskDefinitionArns: entries, ...token };
    },
  },
  ListTaskDefinitionFamilies: {
    reads: 'task-definitions',
    answer(request) {
      const { input, state } = request;
      const status = oneOf(input, 'status', ['ACTIVE', 'INACTIVE', 'ALL']) ?? 'ALL';
      const prefix = text(input, 'familyPrefix', familyPattern) ?? '';
      const listed = state.families.names().filter((name) => {
        const revisions = state.families.of(name).filter((each) => isThere(state, each));
        const isActive = revisions.some((each) => each.status === 'ACTIVE');
        const isAsked = status === 'ALL' || isActive === (status === 'ACTIVE');
        return name.startsWith(prefix) && revisions.length > 0 && isAsked;
      });
      const { entries, ...token } = page(request, listed, 100);
      return { families: entries, ...token };
    },
  },
};

function known(state: State, nameOrArn: string): TaskDefinition {
  const definition = state.families.find(state.arns.nameOf('task-definition', nameOrArn));
  if (!definition || !isThere(state, definition))
    throw new Fault('ClientException', 'Unable to describe task definition.');
  return definition;
}

/** A deleted revision stays until the last task and service that use it are gone. */
function isThere(state: State, { status, taskDefinitionArn }: TaskDefinition): boolean {
  if (status !== 'DELETE_IN_PROGRESS') return true;
  const isIt = ({ definition }: { readonly definition: TaskDefinition }) =>
    definition.taskDefinitionArn === taskDefinitionArn;
  return (
    state.tasks.values().some((task) => task.lastStatus !== 'STOPPED' && isIt(task)) ||
    state.services
      .values()
      .some((each) => each.status !== 'INACTIVE' && [...each.deployments, ...each.taskSets].some(isIt))
  );
}

function withRevision(nameOrArn: string): string {
  if (/^[^:]+:\d+$/.test(lastSegment(nameOrArn))) return nameOrArn;
  throw invalid(`taskDefinition: expected family:revision, got "${nameOrArn}".`);
}

/** What becomes of a revision that is to be deleted: it, or a failure. Only INACTIVE ones can be. */
function deleted(
  state: State,
  now: number,
  name: string,
): TaskDefinition | { readonly arn: string; readonly reason: string } {
  const arn = state.arns.taskDefinition(name);
  const definition = state.families.find(lastSegment(arn));
  if (!definition || !isThere(state, definition)) return { arn, reason: 'MISSING' };
  if (definition.status === 'ACTIVE') return { arn, reason: 'ACTIVE' };
  const going: TaskDefinition = { ...definition, status: 'DELETE_IN_PROGRESS', deleteRequestedAt: now };
  state.families.put(definition.status === 'INACTIVE' ? going : definition);
  return state.families.find(lastSegment(arn)) ?? going;
}

/** Families in the order of their names, revisions as numbers: 9 before 10. */
function byFamilyAndRevision(one: string, other: string): number {
  const [family = '', revision] = lastSegment(one).split(':');
  const [otherFamily = '', otherRevision] = lastSegment(other).split(':');
  if (family !== otherFamily) return family < otherFamily ? -1 : 1;
  return Number(revision) - Number(otherRevision);
}
