import { Fault } from '../machine.ts';
import type { State } from './state.ts';
import { checkLength, validationException } from './validation.ts';

/** A name with the ARN before it has at most so many characters (PutParameter). */
const nameMax = 1011;
const levelsMax = 15;

/**
 * Throws unless a new parameter may have that name: letters, digits and `.-_`, in a path of at most 15 levels that begins
 * with a slash, and nothing reserved. https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
 */
export function checkName(state: State, name: string): void {
  checkLength('name', name, 1, 2048);
  if (name.startsWith('arn:'))
    throw validationException('Parameter name: an ARN cannot be used to create or update a parameter.');
  if (name.includes('/') && !name.startsWith('/'))
    throw validationException('Parameter name must be a fully qualified name.');
  if (/^\/?aws/i.test(name))
    throw new Fault('AccessDeniedException', `No access to reserved parameter name: ${name}.`);
  const isFormed = /^\/?[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)*$/.test(name);
  if (/^\/?ssm/i.test(name) || !isFormed)
    throw validationException(
      'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_',
    );
  const levels = name.split('/').filter((level) => level !== '').length;
  if (levels > levelsMax)
    throw new Fault(
      'HierarchyLevelLimitExceededException',
      `A parameter hierarchy can have at most ${levelsMax} levels: ${name} has ${levels}.`,
    );
  const length = state.arnOf(name).length;
  if (length > nameMax)
    throw validationException(
      `Parameter name: with its ARN it can have at most ${nameMax} characters, got ${length}.`,
    );
}

/** A parameter as it is asked for: by name or ARN, with a version or a label after a colon. */
export interface Selection {
  readonly name: string;
  readonly selector: string | undefined;
}

/** Reads `name`, `name:3`, `name:label` and the same with an ARN. */
export function selectionOf(state: State, requested: string): Selection {
  const isArn = requested.startsWith('arn:');
  const at = isArn ? requested.indexOf(':', requested.indexOf(':parameter/') + 1) : requested.indexOf(':');
  const whole = at < 0 ? requested : requested.slice(0, at);
  const selector = at < 0 ? undefined : requested.slice(at + 1);
  return { name: state.nameOf(whole.trim()), selector };
}
