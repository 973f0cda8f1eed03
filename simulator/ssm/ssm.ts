import { type Call, Fault, type Need, type Outcome, type Service } from '../machine.ts';
import { deleteOperations } from './delete.ts';
import { getOperations } from './get.ts';
import { labelOperations } from './label.ts';
import { needsOf } from './needs.ts';
import type { Operations } from './operation.ts';
import { putOperations } from './put.ts';
import { State } from './state.ts';

const operations: Operations = {
  ...putOperations,
  ...getOperations,
  ...deleteOperations,
  ...labelOperations,
};

/** Systems Manager, of which there is Parameter Store: parameters, their versions and labels. */
export class Ssm implements Service {
  /** Nothing happens by itself. */
  readonly nextAt = undefined;
  readonly operationNames: readonly string[] = Object.keys(operations);
  private readonly state: State;

  constructor(options: { region: string; accountId: string }) {
    this.state = new State(options);
  }

  advance(): Outcome[] {
    return [];
  }

  apply(now: number, call: Call): { reply: Record<string, unknown>; outcomes: Outcome[] } {
    const run = operations[call.operation];
    if (!run)
      throw new Fault('UnknownOperationException', `The simulator does not know ssm:${call.operation}.`);
    const { principalArn } = call.caller;
    const reply = run({ state: this.state, now, viewAt: call.viewAt, principalArn }, call.input);
    return { reply: { ...reply }, outcomes: [] };
  }

  tableRead(operation: string): string | undefined {
    return operation.startsWith('Get') ? 'parameters' : undefined;
  }

  needs(call: Call): Need[] {
    return needsOf(this.state, call);
  }
}
