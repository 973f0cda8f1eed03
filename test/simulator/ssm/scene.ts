import type { GetParameterResult, ParameterHistory } from '@aws-sdk/client-ssm';
import { answering } from '../../../simulator/answered.ts';
import { Ssm } from '../../../simulator/ssm/ssm.ts';
import { checkInput, encodeReply } from '../../../simulator/wire/wire.ts';

type Input = Record<string, unknown>;

export const startAt = Date.parse('2026-05-04T12:00:00Z');
export const prefix = 'arn:aws:ssm:eu-west-1:111122223333:parameter';
export const caller = { principalArn: 'arn:aws:iam::111122223333:role/tester', client: 'test' };

/** Parameter Store in a time that the test moves. */
export class Scene {
  readonly ssm = new Ssm({ region: 'eu-west-1', accountId: '111122223333' });
  now = startAt;

  /** One call, its input and its reply checked against the service's model. Throws Fault. */
  call<R = Input>(operation: string, input: Input, viewAt = this.now): R {
    checkInput('ssm', operation, input);
    const call = { operation, input, caller, viewAt };
    const { reply } = answering('ssm', call, () => this.ssm.apply(this.now, call));
    encodeReply('ssm', operation, reply, 'request');
    return reply as R;
  }

  /** Creates or changes the parameter `/app/size`, a String, unless told otherwise. */
  put(input: Input = {}) {
    const usual = { Name: '/app/size', Value: '1', Type: 'String' };
    return this.call<{ Version: number; Tier: string }>('PutParameter', { ...usual, ...input });
  }

  get(Name = '/app/size', more: Input = {}) {
    return this.call<GetParameterResult>('GetParameter', { Name, ...more }).Parameter;
  }

  history(more: Input = {}) {
    return this.call<{ Parameters: ParameterHistory[]; NextToken?: string }>('GetParameterHistory', {
      Name: '/app/size',
      ...more,
    });
  }
}
