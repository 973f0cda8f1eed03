import { LogFormatter, Logger, LogItem } from '@aws-lambda-powertools/logger';
import type { LogAttributes, UnformattedAttributes } from '@aws-lambda-powertools/logger/types';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { type Answer, sendAnswer } from './answer.ts';
import type { CapacityDeps, CapacityFleet } from './capacity.ts';
import type { Deps, Log, LogFields, Metric, Tools } from './deps.ts';
import { isThrottling } from './errors.ts';
import type { LaneEvent, StewardEvent } from './events.ts';
import type { Fleet } from './fleet.ts';
import { inbox, isLaneEvent, readerFor } from './inbox.ts';
import { outbox, type Told } from './outbox.ts';
import type { Platform } from './platform.ts';
import { type ResourceRequest, readResourceRequest, readReturnAddress } from './request.ts';
import { readTick } from './rhythm.ts';
import type { Message } from './sighting.ts';
import type { Estate, UninstallDeps } from './uninstall.ts';

/** A function as Lambda calls it. */
export type Handler = (event: unknown, context: Context) => Promise<unknown>;

/** One sweep: the time it stands for, and how long it may still take. */
export interface Tick {
  readonly time: Date;
  readonly remainingMs: () => number;
}

type Connect = (platform: Platform) => Fleet;
type Body<Given> = (given: Given, event: unknown, context: Context) => Promise<unknown>;

const namespace = 'ecs-steward';

/**
 * The door of the FIFO lane. Whatever goes wrong is logged and counted, and the messages are gone: one that came back would
 * hold up every cluster (D-13.5). The sweep repairs. `memory` is what one execution environment remembers.
 */
export function lane<Memory>(
  platform: Platform,
  connect: Connect,
  freshMemory: () => Memory,
  run: (deps: Deps, memory: Memory, events: readonly LaneEvent[]) => Promise<void>,
): Handler {
  const memory = freshMemory();
  const body: Body<Deps> = async (deps, event, context) => {
    const messages = inbox(deps, event, context, readerFor(isLaneEvent));
    await run(
      deps,
      memory,
      messages.map((message) => message.event),
    );
    return {};
  };
  return lambda(platform, withFleet(platform, connect, body), { swallowsErrors: true });
}

/**
 * The door of the lane of capacity, a FIFO queue of its own: one decides at a time about a cluster. Whatever goes wrong is
 * logged and counted, and the messages are gone, as in the other lane; the next minute repairs.
 */
export function capacityLane<Memory, Event>(
  platform: Platform,
  connect: (platform: Platform) => CapacityFleet,
  freshMemory: () => Memory,
  read: (body: string, accountId?: string) => Event,
  run: (deps: CapacityDeps, memory: Memory, events: readonly Event[]) => Promise<void>,
): Handler {
  const memory = freshMemory();
  let fleet: CapacityFleet | undefined;
  const body: Body<Tools> = async (tools, event, context) => {
    fleet ??= connect(platform);
    const messages = inbox(tools, event, context, read);
    await run(
      { ...tools, fleet },
      memory,
      messages.map((message) => message.event),
    );
    return {};
  };
  return lambda(platform, body, { swallowsErrors: true });
}

/** The door of a standard queue: only the messages that `run` names come back; all of them where it rejects. */
export function queue<Event extends StewardEvent>(
  platform: Platform,
  connect: Connect,
  isFor: (event: StewardEvent) => event is Event,
  run: (deps: Deps, messages: readonly Message<Event>[]) => Promise<readonly string[]>,
): Handler {
  const body: Body<Deps> = async (deps, event, context) => {
    const comeBack = await run(deps, inbox(deps, event, context, readerFor(isFor)));
    return { batchItemFailures: comeBack.map((itemIdentifier) => ({ itemIdentifier })) };
  };
  return lambda(platform, withFleet(platform, connect, body), { swallowsErrors: false });
}

/** The door of the schedule. `memory` is what one execution environment remembers. Errors fail the invocation. */
export function schedule<Memory>(
  platform: Platform,
  connect: Connect,
  freshMemory: () => Memory,
  run: (deps: Deps, memory: Memory, tick: Tick) => Promise<void>,
): Handler {
  const memory = freshMemory();
  const body: Body<Deps> = async (deps, event, context) => {
    const time = readTick(event) ?? deps.now();
    await run(deps, memory, { time, remainingMs: () => context.getRemainingTimeInMillis() });
    return {};
  };
  return lambda(platform, withFleet(platform, connect, body), { swallowsErrors: false });
}

/**
 * The door of a custom resource. CloudFormation is always answered, also where nothing could be read or done: without an
 * answer the stack hangs. Fails where the request says nowhere to answer, or nobody takes the answer.
 */
export function resource(
  platform: Platform,
  connect: (platform: Platform) => Estate,
  run: (deps: UninstallDeps, request: ResourceRequest, remainingMs: () => number) => Promise<Answer>,
): Handler {
  let estate: Estate | undefined;
  const body: Body<Tools> = async (tools, event, context) => {
    const address = readReturnAddress(event);
    const answer = await answerOf(tools, () => {
      estate ??= connect(platform);
      const remainingMs = () => context.getRemainingTimeInMillis();
      return run({ ...tools, estate }, readResourceRequest(event), remainingMs);
    });
    await sendAnswer(platform, tools.log, address, answer);
    return {};
  };
  return lambda(platform, body, { swallowsErrors: false });
}

async function answerOf({ log, count }: Tools, run: () => Promise<Answer>): Promise<Answer> {
  try {
    return await run();
  } catch (error) {
    log.error('could not do what CloudFormation asks', { error });
    count('Failures');
    return { kind: 'failed', reason: String(error) };
  }
}

/** The clients are made on the first call, and kept. */
function withFleet(platform: Platform, connect: Connect, body: Body<Deps>): Body<Tools> {
  let fleet: Fleet | undefined;
  const told: Told = new Map();
  return async (tools, event, context) => {
    fleet ??= connect(platform);
    const { announce } = fleet;
    const { settled, ...out } = outbox(tools, told, announce);
    try {
      return await body({ ...tools, ...out, fleet }, event, context);
    } finally {
      // Lambda freezes the environment when the handler is done.
      await settled();
    }
  };
}

/** One execution environment, with memory of its own. */
function lambda(platform: Platform, body: Body<Tools>, policy: { swallowsErrors: boolean }): Handler {
  const logger = loggerOn(platform);
  const metrics = metricsOn(platform);
  const tools = toolsOn(platform, logger, metrics);
  const handler = middy<unknown, unknown>({ timeoutEarlyInMillis: 0 })
    .before(({ context }) => logger.addContext(context))
    .after(() => void metrics.publishStoredMetrics())
    .onError((request) => {
      logger.error('the invocation failed', { error: request.error });
      metrics.addMetric('Failures', MetricUnit.Count, 1);
      if (isThrottling(request.error)) metrics.addMetric('Throttled', MetricUnit.Count, 1);
      metrics.publishStoredMetrics();
      // A response given here is middy's way to swallow the error.
      if (policy.swallowsErrors) request.response = {};
    })
    .handler((event, context) => body(tools, event, context));
  return (event, context) => handler(event, context);
}

const inSeconds: ReadonlySet<Metric> = new Set(['DrainSeconds', 'SweepSeconds']);

function toolsOn(platform: Platform, logger: Logger, metrics: Metrics): Tools {
  return {
    now: () => platform.now(),
    sleep: (milliseconds) => platform.sleep(milliseconds),
    log: logOf(platform, logger),
    count: (metric, value = 1) => {
      metrics.addMetric(metric, inSeconds.has(metric) ? MetricUnit.Seconds : MetricUnit.Count, value);
    },
  };
}

const levels = ['debug', 'info', 'warn', 'error'] as const;
type Level = (typeof levels)[number];

/**
 * Drops what is below LOG_LEVEL. The logger of Powertools cannot: on Lambda it goes by the function's log level filter
 * alone, and that one lets everything pass, or it would drop the metrics (serverless.yml).
 */
function logOf({ environment }: Platform, logger: Logger): Log {
  const wanted = levels.find((level) => level === environment.LOG_LEVEL?.toLowerCase()) ?? 'info';
  const at = (level: Level) => (message: string, fields: LogFields) => {
    if (levels.indexOf(level) >= levels.indexOf(wanted)) logger[level](message, fields);
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** The logger of Powertools, with the time of the platform, writing where the platform says; it drops nothing. */
function loggerOn(platform: Platform): Logger {
  class PlatformLogger extends Logger {
    protected override printLog(_level: number, item: LogItem): void {
      item.prepareForPrint();
      platform.write(JSON.stringify(item.getAttributes(), this.getJsonReplacer()));
    }
  }
  const { POWERTOOLS_SERVICE_NAME = namespace } = platform.environment;
  return new PlatformLogger({
    serviceName: POWERTOOLS_SERVICE_NAME,
    logLevel: 'DEBUG',
    logFormatter: new PlatformFormatter(platform),
  });
}

class PlatformFormatter extends LogFormatter {
  private readonly platform: Platform;

  constructor(platform: Platform) {
    super();
    this.platform = platform;
  }

  override formatAttributes(base: UnformattedAttributes, additional: LogAttributes): LogItem {
    const attributes = {
      timestamp: this.platform.now().toISOString(),
      level: base.logLevel,
      message: base.message,
      service: base.serviceName,
      function_name: base.lambdaContext?.functionName,
      function_request_id: base.lambdaContext?.awsRequestId,
    };
    return new LogItem({ attributes }).addAttributes(additional);
  }
}

/** The metrics of Powertools (CloudWatch embedded metric format), with time and output of the platform. */
function metricsOn(platform: Platform): Metrics {
  class PlatformMetrics extends Metrics {
    override publishStoredMetrics(): this {
      if (this.hasStoredMetrics()) {
        const { _aws, ...values } = this.serializeMetrics();
        const stamped = { ..._aws, Timestamp: platform.now().getTime() };
        platform.write(JSON.stringify({ _aws: stamped, ...values }));
      }
      this.clearMetrics();
      return this;
    }
  }
  const { POWERTOOLS_SERVICE_NAME = namespace } = platform.environment;
  return new PlatformMetrics({ namespace, serviceName: POWERTOOLS_SERVICE_NAME });
}
