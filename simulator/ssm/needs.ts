import type { Call, Need } from '../machine.ts';
import { selectionOf } from './names.ts';
import type { State } from './state.ts';

/** What a call must be allowed: its action on each parameter that it names, the tags of those as condition keys. */
export function needsOf(state: State, { operation, input }: Call): Need[] {
  const action = `ssm:${operation}`;
  const named = [input.Name, ...(Array.isArray(input.Names) ? input.Names : [])];
  const names = named.filter((name): name is string => typeof name === 'string');
  return [...new Set(names.map((name) => selectionOf(state, name).name))].map((name) => ({
    action,
    resource: state.arnOf(name),
    context: { ...tagsOf(state, name), ...requestOf(operation, input) },
  }));
}

const tagsOf = (state: State, name: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(state.parameters.get(name)?.tags ?? {}).map(([key, value]) => [
      `aws:ResourceTag/${key}`,
      value,
    ]),
  );

function requestOf(operation: string, input: Record<string, unknown>): Record<string, string> {
  if (operation !== 'PutParameter') return {};
  const tags: Record<string, unknown>[] = Array.isArray(input.Tags) ? input.Tags : [];
  return {
    'ssm:Overwrite': String(input.Overwrite ?? false),
    ...Object.fromEntries(
      tags.map(({ Key, Value = '' }) => [`aws:RequestTag/${String(Key)}`, String(Value)]),
    ),
  };
}
