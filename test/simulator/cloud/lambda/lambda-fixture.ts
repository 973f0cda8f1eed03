import type { FunctionDefinition } from '../../../../simulator/cloud/lambda/function.ts';
import type { Runtime } from '../../../../simulator/cloud/lambda/lambda.ts';
import type { Ended } from '../../../../simulator/cloud/lambda/sandbox.ts';
import { cloud, definition } from '../fixture.ts';

export const request = { method: 'POST', path: '/', query: {}, headers: {} };

/** One function named `work`; `invoke` starts it and collects how it ended. */
export function deployed(runtime: Runtime, overrides: Partial<FunctionDefinition> = {}) {
  const here = cloud();
  here.sqs.createQueue(here.world.now, 'failures');
  here.lambda.createFunction(definition(overrides), runtime);
  const ended: Ended[] = [];
  const invoke = (payload: unknown = {}) =>
    here.lambda.invoke('work', JSON.stringify(payload), 'test', (end) => ended.push(end));
  const pass = (seconds: number) => here.world.advance(seconds);
  return { ...here, ended, invoke, pass };
}
