import type { DeleteParameterRequest, DeleteParametersRequest } from '@aws-sdk/client-ssm';
import { parameterOf } from './get.ts';
import type { Operations } from './operation.ts';
import { checkLength } from './validation.ts';

const namesMax = 10;

/** DeleteParameter and DeleteParameters: a parameter with all its versions. */
export const deleteOperations: Operations = {
  DeleteParameter: (context, input: DeleteParameterRequest) => {
    const { state, now } = context;
    checkLength('name', input.Name, 1, 2048);
    const { name } = parameterOf({ ...context, viewAt: now }, state.nameOf(input.Name ?? ''));
    state.parameters.delete(now, name);
    return {};
  },
  DeleteParameters: ({ state, now }, input: DeleteParametersRequest) => {
    const names = [...new Set(input.Names ?? [])];
    checkLength('names', names, 1, namesMax);
    const isThere = (name: string) => state.parameters.get(state.nameOf(name)) !== undefined;
    const DeletedParameters = names.filter(isThere);
    const InvalidParameters = names.filter((name) => !isThere(name));
    for (const name of DeletedParameters) state.parameters.delete(now, state.nameOf(name));
    return { DeletedParameters, InvalidParameters };
  },
};
