import { Fault } from '../../machine.ts';
import { readDefinition } from '../definition.ts';
import { requiredText, texts } from '../input.ts';
import type { TaskDefinition } from '../records.ts';
import { taskDefinitionShape } from '../shapes.ts';
import type { State } from '../state.ts';
import { tagsOf } from './clusters.ts';
import type { Operations } from './operation.ts';

/** The definition that a call names. Throws ClientException when there is none. */
export function definitionOf(state: State, nameOrArn: string): TaskDefinition {
  const definition = state.definition(nameOrArn);
  if (!definition) throw new Fault('ClientException', 'Unable to describe task definition.');
  return definition;
}

/** RegisterTaskDefinition, DescribeTaskDefinition. */
export const definitionOperations: Operations = {
  RegisterTaskDefinition: {
    answer({ now, input, state }) {
      const family = requiredText(input, 'family', /^[A-Za-z0-9_-]{1,255}$/);
      const revision = (state.definitions.get(family)?.revision ?? 0) + 1;
      const arn = state.arns.taskDefinition(`${family}:${revision}`);
      const tags = tagsOf(input);
      const definition = readDefinition(now, input, arn, revision);
      state.definitions.set(family, definition);
      state.definitions.set(`${family}:${revision}`, definition);
      return { taskDefinition: taskDefinitionShape(definition), ...(tags.length > 0 && { tags }) };
    },
  },
  DescribeTaskDefinition: {
    reads: 'task-definitions',
    answer({ input, state }) {
      const definition = definitionOf(state, requiredText(input, 'taskDefinition'));
      const wantsTags = texts(input, 'include').includes('TAGS');
      return {
        taskDefinition: taskDefinitionShape(definition),
        ...(wantsTags && { tags: definition.input.tags ?? [] }),
      };
    },
  },
};
