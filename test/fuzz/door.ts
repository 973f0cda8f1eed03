import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { admit } from '../../functions/admit.ts';
import { release } from '../../functions/release.ts';
import { freshLaneMemory } from '../../lib/admission.ts';
import { Unwanted } from '../../lib/errors.ts';
import { readEvent, type StewardEvent } from '../../lib/events.ts';
import type { Fleet } from '../../lib/fleet.ts';
import { terminateHook } from '../../lib/hook.ts';
import { readEnrolment } from '../../lib/policy.ts';
import type { Hint, Message } from '../../lib/sighting.ts';
import { textOf } from '../files.ts';
import { depsOf, registration } from '../lib/fixtures.ts';

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** Every event that AWS has been seen to send. */
const samples = readdirSync(new URL('../events/', import.meta.url)).map(
  (name) => JSON.parse(textOf(`test/events/${name}`)) as Json,
);

/** The few of them that are accepted, the terminate action with our hook in it. */
const accepted = [
  ...samples.filter((sample) => eventIn(JSON.stringify(sample)) !== undefined),
  JSON.parse(
    textOf('test/events/asg-lifecycle.terminate.json').replace(
      /("LifecycleHookName": )"[^"]*"/,
      `$1"${terminateHook.lifecycleHookName}"`,
    ),
  ) as Json,
];
const sample = fc.oneof(fc.constantFrom(...samples), fc.constantFrom(...accepted));

/** Words that mean something to somebody, beside whatever else there is. */
const word = fc.constantFrom(
  ...['ecs-steward', 'ecs-steward-terminate', 'aws.ecs', 'aws.autoscaling', 'Admit', 'Look', 'STOPPED'],
  ...['DRAINING', 'autoscaling:EC2_INSTANCE_TERMINATING', 'EC2 Instance-terminate Lifecycle Action'],
  ...['__proto__', 'constructor', 'hasOwnProperty', '', '\u0000', 'i-0', 'arn:aws:ecs:::cluster/x'],
  ...['2026-05-04T12:00:00Z', '275760-09-13', 'NaN', '1e999', '-0'],
);
const anything = fc.oneof(word, fc.jsonValue() as fc.Arbitrary<Json>);

/** One change somewhere in an event: another value, a member less, a member more. */
const mutation = fc.record({
  steps: fc.array(fc.nat(), { minLength: 1, maxLength: 5 }),
  how: fc.constantFrom('replace', 'remove', 'add'),
  name: word,
  value: anything,
});

function mutated(
  json: Json,
  changes: readonly (typeof mutation extends fc.Arbitrary<infer T> ? T : never)[],
) {
  const copy = structuredClone(json);
  for (const { steps, how, name, value } of changes) {
    let at: Json = copy;
    for (const [depth, step] of steps.entries()) {
      if (typeof at !== 'object' || at === null) break;
      const names = Object.keys(at);
      const key = names[step % Math.max(1, names.length)] ?? name;
      const into = at as Record<string, Json>;
      const next = (Object.hasOwn(into, key) ? into[key] : undefined) ?? null;
      if (depth < steps.length - 1 && typeof next === 'object' && next !== null) {
        at = next;
        continue;
      }
      if (how === 'remove') delete into[key];
      else
        Object.defineProperty(into, how === 'add' ? name : key, {
          value,
          enumerable: true,
          configurable: true,
          writable: true,
        });
      break;
    }
  }
  return copy;
}

/** What may stand in a message: a real event with a few changes, a text cut off, anything at all. */
export const bodies: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(sample, fc.array(mutation, { maxLength: 4 }))
      .map(([sample, changes]) => JSON.stringify(mutated(sample, changes))),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(sample, fc.nat()).map(([sample, cut]) => {
      const text = JSON.stringify(sample);
      return text.slice(0, cut % text.length);
    }),
  },
  { weight: 1, arbitrary: anything.map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
);

/** The event that a message holds; undefined: it holds none that is accepted. Any error but Unwanted is a fault of ours. */
export function eventIn(body: string): StewardEvent | undefined {
  try {
    return readEvent(body);
  } catch (error) {
    if (error instanceof Unwanted) return undefined;
    throw error;
  }
}

/** Whatever a message holds is an event that we accept, or Unwanted with a reason; a terminate action is of our own hook. */
export const bodyProperty = fc.property(bodies, (body) => {
  const event = eventIn(body);
  if (event?.kind !== 'terminate-action') return;
  const { source, detail } = JSON.parse(body);
  const isOurs =
    source === 'aws.autoscaling' &&
    detail.LifecycleHookName === terminateHook.lifecycleHookName &&
    detail.LifecycleTransition === terminateHook.lifecycleTransition;
  if (!isOurs) throw new Error('an action of somebody else is taken for ours');
});

const tagNames = fc.oneof(
  word,
  fc
    .constantFrom(
      ...[
        'cluster',
        'drain-deadline',
        'on-deadline',
        'standalone-tasks',
        'state',
        'hook',
        'dry-run',
        'uninstall',
      ],
    )
    .map((name) => `ecs-steward:${name}`),
);
const tagValues = fc.oneof(
  word,
  fc.string({ unit: 'binary' }),
  fc.constantFrom('50m', '1h', '0s', '48h', '99999999h', 'stop-after:', 'stop-after:2h', 'stop', 'on', 'off'),
);

/** Whatever tags a group has, they are read: a value that means nothing is reported, and the default holds. */
export const tagsProperty = fc.property(fc.dictionary(tagNames, tagValues), (tags) => {
  const enrolment = readEnrolment(tags);
  if (tags['ecs-steward:cluster'] === undefined) {
    if (enrolment !== undefined) throw new Error('a group without the tag is enrolled');
    return;
  }
  if (!enrolment) throw new Error('a group with the tag is not enrolled');
  const { drainDeadlineSeconds, standaloneStopSeconds = 0 } = enrolment.policy;
  if (!(drainDeadlineSeconds >= 60 && drainDeadlineSeconds <= 47 * 3600))
    throw new Error(`a deadline of ${drainDeadlineSeconds} s`);
  if (!(standaloneStopSeconds >= 0 && standaloneStopSeconds <= 47 * 3600))
    throw new Error(`standalone tasks are stopped after ${standaloneStopSeconds} s`);
  for (const { tag, value, expected } of enrolment.faults)
    if (tags[tag] !== value || expected === '') throw new Error(`a fault that says nothing: ${tag}`);
});

/** An account in which nothing is ours: every group lacks our tag, and every instance looks as if it were leaving. */
const othersFleet: Partial<Fleet> = {
  groups: async (names) =>
    names.map((autoScalingGroupName) => ({
      autoScalingGroupName,
      autoScalingGroupARN: `arn:aws:autoscaling:us-east-1:111122223333:autoScalingGroup:id:autoScalingGroupName/${autoScalingGroupName}`,
      tags: {},
      instances: [{ instanceId: 'i-0abc1234def567890', lifecycleState: 'Terminating:Wait' }],
      hasWarmPool: true,
      retainsAbandoned: false,
      rebalancesCapacity: false,
    })),
  instanceStates: async (ids) =>
    ids.map((instanceId) => ({
      instanceId,
      autoScalingGroupName: 'theirs',
      lifecycleState: 'Terminating:Wait',
    })),
  describe: async (_, arns) =>
    arns.map((containerInstanceArn) =>
      registration({ containerInstanceArn, version: Number.MAX_SAFE_INTEGER, mark: undefined }),
    ),
  registrations: async (_, ids) =>
    ids.map((ec2InstanceId) =>
      registration({ ec2InstanceId, version: Number.MAX_SAFE_INTEGER, mark: undefined }),
    ),
  listTasks: async () => [],
  describeTasks: async () => [],
  clustersOf: async () => [],
};
const reads = new Set(Object.keys(othersFleet));

/** Whatever messages say, nothing is done to what is not ours. */
export const actsProperty = fc.asyncProperty(
  fc.array(bodies, { minLength: 1, maxLength: 10 }),
  async (all) => {
    const { deps, trace } = depsOf(othersFleet);
    const events = all.flatMap((body) => eventIn(body) ?? []);
    const forLane = events.filter((event) => event.kind === 'terminate-action' || event.kind === 'admit');
    const forRelease = events.filter(isHint);
    const messages = forRelease.map((event, i): Message<Hint> => ({ messageId: String(i), event }));
    if (forLane.length > 0) await admit(deps, freshLaneMemory(), forLane);
    if (messages.length > 0) await release(deps, messages);
    const done = trace.calls.filter(([name]) => !reads.has(name));
    if (done.length > 0) throw new Error(`acts on what is not ours: ${JSON.stringify(done)}`);
  },
);

const isHint = (event: StewardEvent): event is Hint =>
  event.kind === 'container-instance' || event.kind === 'task-stopped';
