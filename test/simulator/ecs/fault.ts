import { Fault } from '../../../simulator/machine.ts';

/** Code and message of the Fault that a call throws; undefined when it throws none. */
export function code(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof Fault) return `${error.code}: ${error.message}`;
    throw error;
  }
}
