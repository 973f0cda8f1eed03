import { answering } from '../../../simulator/answered.ts';
import { Bus } from '../../../simulator/cloud/events/bus.ts';
import { Roles } from '../../../simulator/cloud/iam/roles.ts';
import type { FunctionDefinition } from '../../../simulator/cloud/lambda/function.ts';
import { type Handler, Lambda, type Platform } from '../../../simulator/cloud/lambda/lambda.ts';
import { Mappings } from '../../../simulator/cloud/lambda/mapping.ts';
import { Buckets } from '../../../simulator/cloud/s3/buckets.ts';
import { Sqs } from '../../../simulator/cloud/sqs/sqs.ts';
import type { FunctionCaller } from '../../../simulator/endpoint.ts';
import { Ssm } from '../../../simulator/ssm/ssm.ts';
import { World } from '../../../simulator/world.ts';

export const region = 'eu-west-1';
export const accountId = '111122223333';
export const queueArn = (name: string) => `arn:aws:sqs:${region}:${accountId}:${name}`;
export const queueUrl = (name: string) => `https://sqs.${region}.amazonaws.com/${accountId}/${name}`;
export const ruleArn = (name: string) => `arn:aws:events:${region}:${accountId}:rule/${name}`;
export const functionArn = (name: string) => `arn:aws:lambda:${region}:${accountId}:function:${name}`;

/** SQS, EventBridge and Lambda in one world; the API answers 200 after 30 ms and notes who called. */
export function cloud(seed = 1) {
  const world = new World(seed);
  const place = { region, accountId };
  const sqs = new Sqs({ ...place, ids: world.ids('sqs') });
  const calls: (FunctionCaller & { at: number })[] = [];
  const lambda = new Lambda({
    ...place,
    world,
    sqs,
    handle: (activity, caller) =>
      world.wait(activity, world.now + 30, () => {
        calls.push({ ...caller, at: world.now });
        return { response: { statusCode: 200, headers: {}, body: new Uint8Array() } };
      }),
    ask: () => Promise.resolve({ reply: {} }),
  });
  const bus = new Bus({ ...place, world, sqs, lambda });
  const mappings = new Mappings({ world, sqs, lambda });
  const records = (kind: string) => world.log.filter((entry) => entry.kind === kind);
  const caller = { principalArn: `arn:aws:iam::${accountId}:root`, client: 'test' };
  const call = (operation: string, input: Record<string, unknown>) => {
    const asked = { operation, input, caller, viewAt: world.now };
    return answering('sqs', asked, () => sqs.apply(world.now, asked)).reply;
  };
  const roles = new Roles();
  const s3 = new Buckets({ ids: world.ids('s3') });
  const ssm = new Ssm(place);
  const inert = new Map();
  return { world, roles, sqs, s3, ssm, caller, lambda, bus, mappings, inert, calls, records, call };
}

/** A role that may do everything to every queue. */
export const queueRole = {
  arn: `arn:aws:iam::${accountId}:role/function`,
  policies: [{ Statement: [{ Effect: 'Allow' as const, Action: 'sqs:*', Resource: '*' }] }],
};

/** A function of ten seconds and 128 MB. */
export const definition = (overrides: Partial<FunctionDefinition> = {}): FunctionDefinition => ({
  functionName: 'work',
  handler: 'dist/work/index.handler',
  runtimeId: 'nodejs24.x',
  role: queueRole,
  timeoutSeconds: 10,
  memoryMb: 128,
  environment: {},
  ...overrides,
});

/** A runtime that always finds this code. */
export const runs = (code: (platform: Platform) => Handler) => () => code;

/** A runtime whose handler does nothing but this. */
export const handles = (handler: Handler) => runs(() => handler);

/** A policy that lets EventBridge send to the queue for one rule. */
export const letsRuleSend = (queue: string, rule: string) => ({
  Statement: [
    {
      Effect: 'Allow' as const,
      Principal: { Service: 'events.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Resource: queueArn(queue),
      Condition: { ArnEquals: { 'aws:SourceArn': ruleArn(rule) } },
    },
  ],
});
