import type { Announcement } from '../../lib/announce.ts';
import type { Departure, Registration } from '../../lib/departure.ts';
import type { Deps, LogFields, Metric } from '../../lib/deps.ts';
import type { Fleet, Group } from '../../lib/fleet.ts';
import { type Policy, readEnrolment } from '../../lib/policy.ts';
import type { Task } from '../../lib/task.ts';

/** The time at which everything in these tests happens, and times so many seconds from it. */
export const noon = new Date('2026-05-04T12:00:00.000Z');
/** So many seconds from noon. */
export const at = (seconds: number) => new Date(noon.getTime() + seconds * 1000);

/** The names of everything in these tests. */
export const clusterName = 'demo';
/** The EC2 instance of these tests. */
export const instanceId = 'i-0aaaabbbbccccdddd';
/** Its group. */
export const groupName = 'demo-asg';
/** Its container instance. */
export const arn = `arn:aws:ecs:eu-west-1:111122223333:container-instance/${clusterName}/${'1'.repeat(32)}`;
/** A task by a short name. */
export const taskArn = (name: string) => `arn:aws:ecs:eu-west-1:111122223333:task/${clusterName}/${name}`;

/** A leaving instance. */
export const departure = (overrides: Partial<Departure> = {}): Departure => ({
  clusterName,
  autoScalingGroupName: groupName,
  instanceId,
  ...overrides,
});

/** A registration that is DRAINING without tasks, marked two minutes ago. */
export const registration = (overrides: Partial<Registration> = {}): Registration => ({
  containerInstanceArn: arn,
  ec2InstanceId: instanceId,
  status: 'DRAINING',
  version: 10,
  agentConnected: true,
  taskCount: 0,
  holdsResources: false,
  mark: { at: at(-120), cause: 'termination' },
  isWaiting: false,
  ...overrides,
});

/** A service task that runs. */
export const task = (overrides: Partial<Task> = {}): Task => ({
  taskArn: taskArn('web'),
  containerInstanceArn: arn,
  lastStatus: 'RUNNING',
  desiredStatus: 'RUNNING',
  startedBy: 'ecs-svc/1234567890123456789',
  group: 'service:web',
  taskDefinitionArn: 'arn:aws:ecs:eu-west-1:111122223333:task-definition/web:1',
  needs: { cpu: 256, memoryMib: 512, gpus: 0, ports: [] },
  version: 3,
  startedAt: at(-3600),
  stoppingAt: undefined,
  stoppedAt: undefined,
  ...overrides,
});

/** A standalone task that runs. */
export const standalone = (overrides: Partial<Task> = {}) =>
  task({ taskArn: taskArn('job'), startedBy: undefined, group: 'family:job', ...overrides });
/** A service task that was told to stop 20 s ago. */
export const stopping = (overrides: Partial<Task> = {}) =>
  task({ desiredStatus: 'STOPPED', stoppingAt: at(-20), ...overrides });
/** A service task that is STOPPED since a second. */
export const stopped = (overrides: Partial<Task> = {}) =>
  task({
    desiredStatus: 'STOPPED',
    lastStatus: 'STOPPED',
    stoppingAt: at(-20),
    stoppedAt: at(-1),
    ...overrides,
  });

/** An enrolled group with one leaving instance. */
export const group = (overrides: Partial<Group> = {}): Group => ({
  autoScalingGroupName: groupName,
  autoScalingGroupARN: `arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:uuid:autoScalingGroupName/${groupName}`,
  tags: { 'ecs-steward:cluster': clusterName },
  instances: [{ instanceId, lifecycleState: 'Terminating:Wait' }],
  hasWarmPool: false,
  retainsAbandoned: false,
  rebalancesCapacity: false,
  ...overrides,
});

/** What these tags of a group say, beside its enrolment. */
export function policyOf(tags: Readonly<Record<string, string>> = {}): Policy {
  const named = Object.entries(tags).map(([name, value]) => [`ecs-steward:${name}`, value]);
  const enrolment = readEnrolment({ 'ecs-steward:cluster': clusterName, ...Object.fromEntries(named) });
  if (!enrolment) throw new Error('The group is not enrolled');
  return enrolment.policy;
}

/** What a behaviour did: every call of the fleet, every log line, every count. */
export interface Trace {
  readonly calls: [string, ...unknown[]][];
  readonly lines: { level: string; message: string; fields: LogFields }[];
  readonly counts: Map<Metric, number[]>;
  /** What was told the account. */
  readonly announced: Announcement[];
  /** Milliseconds slept, one entry per sleep. */
  readonly slept: number[];
}

/** A fleet of the given answers; asking it anything else fails the test. Each call is noted in the trace. */
function fleetOf(answers: Partial<Fleet>, calls: Trace['calls']): Fleet {
  return new Proxy({} as Fleet, {
    get: (_, name) => {
      if (typeof name !== 'string') return undefined;
      const answer = answers[name as keyof Fleet] as ((...input: unknown[]) => unknown) | undefined;
      return async (...input: unknown[]) => {
        calls.push([name, ...input]);
        if (!answer) throw new Error(`Nobody expected the call ${name}(${JSON.stringify(input)})`);
        return answer(...input);
      };
    },
  });
}

/** Dependencies under a clock that moves only by sleeping, and the trace of what is done with them. */
export function depsOf(answers: Partial<Fleet>, start: Date = noon): { deps: Deps; trace: Trace } {
  const trace: Trace = { calls: [], lines: [], counts: new Map(), announced: [], slept: [] };
  let now = start.getTime();
  const line = (level: string) => (message: string, fields: LogFields) =>
    void trace.lines.push({ level, message, fields });
  const deps: Deps = {
    fleet: fleetOf(answers, trace.calls),
    now: () => new Date(now),
    sleep: async (milliseconds) => {
      trace.slept.push(milliseconds);
      now += milliseconds;
    },
    log: { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') },
    announce: (event) => void trace.announced.push(event),
    count: (metric, value = 1) => {
      trace.counts.set(metric, [...(trace.counts.get(metric) ?? []), value]);
    },
  };
  return { deps, trace };
}

/** The names of the calls made, in order. */
export const namesOf = (trace: Trace) => trace.calls.map(([name]) => name);
/** The total of a metric. */
export const total = (trace: Trace, metric: Metric) =>
  (trace.counts.get(metric) ?? []).reduce((sum, value) => sum + value, 0);
