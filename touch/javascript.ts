import * as autoscaling from '@aws-sdk/client-auto-scaling';
import * as ecs from '@aws-sdk/client-ecs';
import * as ssm from '@aws-sdk/client-ssm';
import { post } from './control.ts';
import type { Row } from './row.ts';
import { filled, type ServiceName, type Step, valueAt } from './steps.ts';

interface Outcome {
  readonly code: string;
  readonly message?: string;
}

type Send = (operation: string, input: unknown) => Promise<unknown>;

/** The part of an SDK client and of its package that every service has. */
type Client = { send(command: unknown): Promise<unknown> };
type Package = Readonly<Record<string, unknown>>;

/** Takes every step with the AWS SDK for JavaScript. Rejects when a control request fails. */
export async function touch(endpointUrl: string, steps: readonly Step[]): Promise<Row[]> {
  const send = clients(endpointUrl);
  const kept = new Map<string, unknown>();
  const rows: Row[] = [];
  for (const { service, operation, before = [], bad, good, keep = {} } of steps) {
    for (const [path, body] of before) await post(endpointUrl, path, filled(body, kept));
    const ask = (input: unknown) => send[service](operation, filled(input, kept));
    const refused: Outcome = bad ? await outcomeOf(() => ask(bad)) : { code: '-' };
    const taken = await outcomeOf(async () => {
      const [first, ...more] = [good].flat();
      const answer = await ask(first);
      for (const [name, path] of Object.entries(keep)) kept.set(name, valueAt(answer, path));
      for (const input of more) await ask(input);
    });
    const message = taken.message ?? refused.message;
    const said = message === undefined ? {} : { message };
    rows.push({ service, operation, good: taken.code, bad: refused.code, ...said });
  }
  return rows;
}

/** What came of it: `ok`, or the code of an error and what it says. */
async function outcomeOf(act: () => Promise<unknown>): Promise<Outcome> {
  try {
    await act();
    return { code: 'ok' };
  } catch (error) {
    // Errors of the query protocol have the code of the wire beside the name of their shape.
    const { Code, name, message } = error as Error & { Code?: string };
    return { code: Code ?? name, message };
  }
}

function clients(endpoint: string): Readonly<Record<ServiceName, Send>> {
  const credentials = { accessKeyId: 'touch', secretAccessKey: 'touch' };
  const options = { endpoint, region: 'eu-west-1', credentials, maxAttempts: 1 };
  return {
    ecs: sender(new ecs.ECSClient(options) as Client, ecs),
    autoscaling: sender(new autoscaling.AutoScalingClient(options) as Client, autoscaling),
    ssm: sender(new ssm.SSMClient(options) as Client, ssm),
  };
}

const sender =
  (client: Client, own: Package): Send =>
  (operation, input) => {
    const Command = own[`${operation}Command`] as (new (value: unknown) => unknown) | undefined;
    if (!Command) throw new Error(`The SDK has no ${operation}`);
    return client.send(new Command(input));
  };
