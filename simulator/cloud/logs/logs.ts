import { type Call, Fault, type Need, type Outcome, type Service } from '../../machine.ts';
import type { LogEntry, World } from '../../world.ts';
import { logGroupOf } from '../lambda/function.ts';
import type { Lambda } from '../lambda/lambda.ts';

/** What an operation of CloudWatch Logs may be given, as the SDK's schemas name it. */
interface Input {
  readonly logGroupName?: string;
  readonly logGroupNamePrefix?: string;
  readonly filterPattern?: string;
  readonly startTime?: number;
  readonly endTime?: number;
  readonly limit?: number;
  readonly nextToken?: string;
}

interface Line {
  readonly logStreamName: string;
  readonly timestamp: number;
  readonly message: string;
}

type Operation = (input: Input) => Record<string, unknown>;

/** At most so many events in one answer. */
const eventsMax = 10_000;

/**
 * CloudWatch Logs: the lines that functions wrote, as far as the log of the world remembers them; one stream for each
 * function and day.
 */
export class Logs implements Service {
  /** Nothing happens by itself. */
  readonly nextAt = undefined;
  private readonly world: World;
  private readonly lambda: Lambda;
  private readonly groupArn: (name: string) => string;

  constructor(options: { region: string; accountId: string; world: World; lambda: Lambda }) {
    const { region, accountId } = options;
    this.world = options.world;
    this.lambda = options.lambda;
    this.groupArn = (name) => `arn:aws:logs:${region}:${accountId}:log-group:${name}`;
  }

  advance(): Outcome[] {
    return [];
  }

  get operationNames(): readonly string[] {
    return Object.keys(this.operations);
  }

  apply(_now: number, { operation, input }: Call): { reply: Record<string, unknown>; outcomes: Outcome[] } {
    const run = this.operations[operation];
    if (!run) throw new Fault('UnknownOperationException', `The simulator does not know logs:${operation}.`);
    return { reply: run(input as Input), outcomes: [] };
  }

  tableRead(): undefined {
    return undefined;
  }

  needs({ operation, input }: Call): Need[] {
    const { logGroupName: name } = input as Input;
    const resource = name === undefined ? '*' : `${this.groupArn(name)}:*`;
    return [{ action: `logs:${operation}`, resource, context: {} }];
  }

  private readonly operations: Readonly<Record<string, Operation>> = {
    DescribeLogGroups: ({ logGroupNamePrefix = '' }) => {
      const names = new Set(this.lambda.all().map(logGroupOf));
      const found = [...names].filter((name) => name.startsWith(logGroupNamePrefix)).sort();
      return {
        logGroups: found.map((name) => ({ logGroupName: name, arn: `${this.groupArn(name)}:*` })),
      };
    },
    DescribeLogStreams: (input) => {
      const streams = new Map<string, { first: number; last: number }>();
      for (const { logStreamName, timestamp } of this.linesOf(input))
        streams.set(logStreamName, {
          first: streams.get(logStreamName)?.first ?? timestamp,
          last: timestamp,
        });
      const logStreams = [...streams].map(([logStreamName, { first, last }]) => ({
        logStreamName,
        firstEventTimestamp: first,
        lastEventTimestamp: last,
      }));
      return { logStreams: logStreams.sort((a, b) => b.lastEventTimestamp - a.lastEventTimestamp) };
    },
    FilterLogEvents: (input) => {
      const { startTime = 0, endTime = Number.POSITIVE_INFINITY, limit = eventsMax, nextToken = '0' } = input;
      const matches = matcherOf(input.filterPattern ?? '');
      const found = this.linesOf(input).filter(
        ({ timestamp, message }) => timestamp >= startTime && timestamp < endTime && matches(message),
      );
      const from = Number(nextToken);
      const to = from + Math.min(limit, eventsMax);
      return {
        events: found.slice(from, to).map((line, index) => ({
          ...line,
          ingestionTime: line.timestamp,
          eventId: String(from + index),
        })),
        nextToken: to < found.length ? String(to) : undefined,
      };
    },
  };

  /** The lines of a group, oldest first. Throws Fault for a group that no function writes to. */
  private linesOf({ logGroupName = '' }: Input): Line[] {
    const writers = this.lambda.all().filter((found) => logGroupOf(found) === logGroupName);
    if (writers.length === 0)
      throw new Fault('ResourceNotFoundException', 'The specified log group does not exist.');
    const names = new Set<unknown>(writers.map(({ functionName }) => functionName));
    return this.world.log
      .filter(({ kind, functionName }) => kind === 'log' && names.has(functionName))
      .map(lineOf);
  }
}

function lineOf({ time, functionName, line }: LogEntry): Line {
  const day = time.slice(0, 10).replaceAll('-', '/');
  return {
    logStreamName: `${day}/[$LATEST]${functionName}`,
    timestamp: Date.parse(time),
    message: String(line),
  };
}

/** Every word of the pattern must be in the line. Throws Fault for a pattern that is more than words. */
function matcherOf(pattern: string): (message: string) => boolean {
  const words = pattern.match(/"[^"]*"|\S+/g) ?? [];
  const other = words.find((word) => /^[{[%?-]/.test(word));
  if (other)
    throw new Fault(
      'InvalidParameterException',
      `filterPattern: expected words, in quotes or not, got ${pattern}; the simulator knows no other patterns.`,
    );
  const wanted = words.map((word) => word.replace(/^"|"$/g, ''));
  return (message) => wanted.every((word) => message.includes(word));
}
