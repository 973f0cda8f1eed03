import * as autoscaling from '@aws-sdk/client-auto-scaling';
import { AutoScalingClient, AutoScalingServiceException } from '@aws-sdk/client-auto-scaling';
import * as ecs from '@aws-sdk/client-ecs';
import { ECSClient, ECSServiceException } from '@aws-sdk/client-ecs';
import * as events from '@aws-sdk/client-eventbridge';
import { EventBridgeClient, EventBridgeServiceException } from '@aws-sdk/client-eventbridge';
import * as sqs from '@aws-sdk/client-sqs';
import { SQSClient, SQSServiceException } from '@aws-sdk/client-sqs';
import { isServerError, isThrottlingError, isTransientError } from '@smithy/core/retry';
import type { RetryStrategyV2, SdkError } from '@smithy/types';
import type { Spoken } from '../../simulator/endpoint.ts';
import type { ServiceName } from '../../simulator/machine.ts';
import type { DecodedCall } from '../../simulator/wire/wire.ts';

/** What a client is, for as much as a call without the wire needs of it. */
interface Client {
  readonly config: {
    readonly requestHandler: { ask(call: DecodedCall): Promise<Spoken> };
    retryStrategy(): Promise<RetryStrategyV2>;
  };
}

interface Command {
  readonly input: Record<string, unknown>;
  readonly constructor: { readonly name: string };
}

type Fault = Extract<Spoken, { fault: unknown }>['fault'];
type ErrorClass = new (what: Record<string, unknown>) => SdkError;

const clients = [
  ['ecs', ECSClient, ecs, ECSServiceException],
  ['autoscaling', AutoScalingClient, autoscaling, AutoScalingServiceException],
  ['events', EventBridgeClient, events, EventBridgeServiceException],
  ['sqs', SQSClient, sqs, SQSServiceException],
] as const;

/**
 * From now on the SDK clients of this process hand their calls to the simulated account without writing and reading them:
 * more than half of the time of a storm went there. Retries, errors and everything that AWS does stay as they are. Gives
 * what ends it.
 */
export function withoutWire(): () => void {
  const ends: (() => void)[] = [];
  for (const [service, { prototype }, module, Unmodelled] of clients) {
    const errors = module as unknown as Readonly<Record<string, ErrorClass | undefined>>;
    const errorOf = ({ name, message, status }: Fault) => {
      const $fault = status < 500 ? 'client' : 'server';
      const ErrorOf = errors[name] ?? (Unmodelled as unknown as ErrorClass);
      return new ErrorOf({ name, message, $fault, $metadata: { httpStatusCode: status } });
    };
    const held = prototype as unknown as { send(command: Command): Promise<unknown> };
    const { send } = held;
    held.send = function (this: Client, command) {
      const operation = command.constructor.name.replace(/Command$/, '');
      return attempts(this, { service, operation, input: command.input }, errorOf);
    };
    ends.push(() => (held.send = send));
  }
  return () => {
    for (const end of ends) end();
  };
}

/** Calls until there is an answer, or the client's own strategy has had enough. */
async function attempts(
  { config }: Client,
  call: DecodedCall & { readonly service: ServiceName },
  errorOf: (fault: Fault) => SdkError,
): Promise<unknown> {
  const strategy = await config.retryStrategy();
  for (let token = await strategy.acquireInitialRetryToken(''); ; ) {
    const spoken = await config.requestHandler.ask(call);
    if ('reply' in spoken) {
      strategy.recordSuccess(token);
      return { ...spoken.reply, $metadata: {} };
    }
    const error = errorOf(spoken.fault);
    try {
      token = await strategy.refreshRetryTokenForRetry(token, { error, errorType: errorTypeOf(error) });
    } catch {
      throw error;
    }
  }
}

function errorTypeOf(error: SdkError) {
  if (isThrottlingError(error)) return 'THROTTLING';
  if (isTransientError(error)) return 'TRANSIENT';
  return isServerError(error) ? 'SERVER_ERROR' : 'CLIENT_ERROR';
}
