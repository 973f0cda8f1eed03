import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Unwanted } from '../../lib/errors.ts';
import { readEvent } from '../../lib/events.ts';
import { terminateHook } from '../../lib/hook.ts';
import { readTick } from '../../lib/rhythm.ts';
import { at, groupName, instanceId, noon } from './fixtures.ts';

const folder = new URL('../events/', import.meta.url);
const names = readdirSync(folder).map((file) => file.replace(/\.json$/, ''));

type Json = Record<string, unknown> & { detail: Record<string, unknown> };
const sample = (name: string) => JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as Json;
const read = (event: unknown) => readEvent(JSON.stringify(event));
/** The sample with other members in its detail; undefined takes one away. */
const changed = (name: string, detail: Record<string, unknown>) => {
  const event = sample(name);
  return { ...event, detail: { ...event.detail, ...detail } };
};
const ours = (detail: Record<string, unknown> = {}) =>
  changed('asg-lifecycle.terminate', { LifecycleHookName: terminateHook.lifecycleHookName, ...detail });

const draining = 'ecs-container-instance-state-change.draining-empty';
const containerInstanceArn =
  'arn:aws:ecs:us-east-1:111122223333:container-instance/demo/0123456789abcdef0123456789abcdef';
const own = (detailType: string, detail: unknown) => ({
  source: 'ecs-steward',
  'detail-type': detailType,
  time: noon.toISOString(),
  detail,
});

describe('events that are accepted', () => {
  it('are a terminate action of our hook', () => {
    expect(read(ours())).toEqual({
      kind: 'terminate-action',
      at: new Date('2026-05-04T12:04:58Z'),
      autoScalingGroupName: 'demo-asg-spot',
      instanceIds: ['i-0abc1234def567890'],
    });
  });

  it.each([
    ['a return to the warm pool (D-1.23)', { Destination: 'WarmPool' }],
    ['a root volume that is replaced (D-1.25)', { Action: 'ReplaceRootVolume' }],
  ])('are a terminate action of our hook for %s: it drains too', (_, detail) => {
    expect(read(ours(detail))).toEqual(read(ours()));
  });

  it.each(['Instance Drained', 'Instance Released'])(
    'are our own word that an instance has left: %s',
    (name) => {
      const detail = {
        version: '1',
        id: 'x',
        clusterName: 'demo',
        autoScalingGroupName: groupName,
        instanceId,
      };
      expect(read(own(name, detail))).toEqual({
        kind: 'departed',
        at: noon,
        autoScalingGroupName: groupName,
        instanceId,
      });
      expect(() => read(own(name, { instanceId }))).toThrow('autoScalingGroupName');
    },
  );

  it('are a change of a container instance, with the version of its detail, not of the envelope (D-1.2)', () => {
    expect(sample(draining).version).toBe('0');
    expect(read(sample(draining))).toEqual({
      kind: 'container-instance',
      at: new Date('2026-05-04T12:06:55Z'),
      clusterName: 'demo',
      containerInstanceArn,
      instanceId: 'i-0abc1234def567890',
      status: 'DRAINING',
      version: 49,
      holdsResources: false,
      isMarked: false,
    });
  });

  it('say of a container instance whether we have marked it', () => {
    const event = sample(draining);
    const attributes = [
      ...(event.detail.attributes as object[]),
      { name: 'ecs-steward.departure', value: 'x' },
    ];
    expect(read({ ...event, detail: { ...event.detail, attributes } })).toMatchObject({ isMarked: true });
    const { attributes: _, ...without } = event.detail;
    expect(read({ ...event, detail: without })).toMatchObject({ isMarked: false });
  });

  it.each(['inactive', 'registration-failed', 'draining', 'active'])(
    'are a change of a container instance, whatever the status: %s',
    (name) => {
      expect(read(sample(`ecs-container-instance-state-change.${name}`)).kind).toBe('container-instance');
    },
  );

  it('are a task that is STOPPED', () => {
    expect(read(sample('ecs-task-state-change.stopped-scheduler'))).toEqual({
      kind: 'task-stopped',
      at: new Date('2026-05-04T12:05:44Z'),
      clusterName: 'demo',
      containerInstanceArn,
      taskArn: 'arn:aws:ecs:us-east-1:111122223333:task/demo/aaaabbbbccccddddeeeeffff00001111',
      version: 6,
    });
  });

  it.each(['stopped', 'terminated'])('are that EC2 has ended an instance: %s (D-1.31)', (state) => {
    const event = sample(`ec2-instance-state-change.${state}`);
    expect(read(event)).toEqual({
      kind: 'instance-end',
      at: new Date(String(event.time)),
      instanceId: 'i-0abc1234def567890',
      state,
    });
  });

  it('are a notice of Spot, by the instance id of its detail: the ARN may be none of an instance (D-1.29, D-1.32)', () => {
    const notice = sample('ec2-spot-interruption-warning');
    const found = {
      kind: 'interruption',
      at: new Date(String(notice.time)),
      instanceId: notice.detail['instance-id'],
      action: 'terminate',
      isLook: false,
    };
    expect(read(notice)).toEqual(found);
    expect(read({ ...notice, resources: ['arn:aws:ec2:us-east-1b:instance/i-other'] })).toEqual(found);
    expect(() => read({ ...notice, detail: { ...notice.detail, 'instance-action': 'tease' } })).toThrow(
      /instance-action/,
    );
    expect(read(own('Interruption', notice.detail))).toEqual({ ...found, at: noon, isLook: true });
  });

  it('are a recommendation to replace an instance, by the same id (D-1.30)', () => {
    const recommendation = sample('ec2-rebalance-recommendation');
    const found = {
      kind: 'rebalance-recommendation',
      at: new Date(String(recommendation.time)),
      instanceId: recommendation.detail['instance-id'],
    };
    expect(read({ ...recommendation, resources: [] })).toEqual(found);
    expect(() => read({ ...recommendation, detail: {} })).toThrow(/instance-id/);
  });

  it('are our own requests', () => {
    const admit = { autoScalingGroupName: groupName, instanceIds: [instanceId] };
    const look = {
      autoScalingGroupName: groupName,
      clusterName: 'demo',
      instanceId,
      because: 'not-registered',
    };
    expect(read(own('Admit', admit))).toEqual({ kind: 'admit', at: noon, ...admit });
    expect(read(own('Look', look))).toEqual({ kind: 'look', at: noon, ...look });
  });

  it('may carry members that we do not know (D-1.7)', () => {
    expect(read({ ...ours({ New: { deep: [1] } }), other: true }).kind).toBe('terminate-action');
  });
});

describe('resources that an instance still holds', () => {
  const cpu = (integerValue: number) => [{ name: 'CPU', type: 'INTEGER', integerValue }];
  const memory = (integerValue: number) => [{ name: 'MEMORY', type: 'INTEGER', integerValue }];

  it.each([
    ['less CPU than registered', cpu(1024), cpu(1023), true],
    ['less memory than registered', memory(900), memory(400), true],
    ['all of it', cpu(1024), cpu(1024), false],
    [
      'ports only',
      [{ name: 'PORTS', stringSetValue: ['22'] }],
      [{ name: 'PORTS', stringSetValue: ['80'] }],
      false,
    ],
    ['none named', undefined, undefined, false],
  ])('%s', (_, registeredResources, remainingResources, holdsResources) => {
    expect(read(changed(draining, { registeredResources, remainingResources }))).toMatchObject({
      holdsResources,
    });
  });
});

describe('events that are unwanted', () => {
  it.each([
    [
      'a hook of somebody else',
      changed('asg-lifecycle.terminate', {}),
      /hook "ecs-drain-hook" of somebody else/,
    ],
    [
      'a launch',
      ours({ LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING' }),
      /EC2_INSTANCE_LAUNCHING/,
    ],
    ['no instance', ours({ EC2InstanceId: undefined }), /EC2InstanceId/],
    ['a version that is text', changed(draining, { version: '49' }), /version: .*number.*"49"/],
    ['a version that is no count', changed(draining, { version: 4.5 }), /version/],
    ['no version', changed(draining, { version: undefined }), /version/],
    ['a cluster that is no ARN', changed(draining, { clusterArn: 'demo' }), /clusterArn: expected the ARN/],
    [
      'a task that is not STOPPED',
      sample('ecs-task-state-change.stopping-scheduler'),
      /lastStatus is RUNNING/,
    ],
    ['a time that is none', { ...ours(), time: 'noon' }, /time: expected an ISO 8601 time/],
    ['a look for no reason we know', own('Look', { because: 'boredom' }), /because/],
    ['a request that we do not make', own('Toast', {}), /source "ecs-steward", detail-type "Toast"/],
    ['a name from the prototype', { ...own('x', {}), source: 'constructor' }, /no event of ours/],
  ])('%s', (_, event, why) => {
    expect(() => read(event)).toThrow(Unwanted);
    expect(() => read(event)).toThrow(why);
  });

  it('are whatever comes from another account, where ours is known', () => {
    const event = JSON.stringify({ ...ours(), account: '444455556666' });
    expect(() => readEvent(event, '111122223333')).toThrow(
      new Unwanted('an event of the account 444455556666'),
    );
    expect(readEvent(event, '444455556666')).toEqual(readEvent(event));
    expect(readEvent(JSON.stringify(ours()), '111122223333')).toEqual(read(ours()));
  });

  it('are whatever is not JSON', () => {
    expect(() => readEvent('{"source":')).toThrow(new Unwanted('not JSON'));
  });

  const accepted =
    /^ecs-container-instance-state-change|^ecs-task-state-change\.(stopped|fargate)|^ec2-spot-interruption|^ec2-rebalance|^ec2-instance-state-change\.(stopped|terminated)/;
  it.each(names.filter((name) => !accepted.test(name)))('are samples of every other kind: %s', (name) => {
    expect(() => read(sample(name))).toThrow(Unwanted);
  });

  it('never cause another error than Unwanted, whatever the text or the JSON', () => {
    const types = ['EC2 Instance-terminate Lifecycle Action', 'ECS Task State Change', 'Look', '__proto__'];
    const events = fc.record(
      {
        source: fc.oneof(fc.constantFrom('aws.ecs', 'aws.autoscaling', 'ecs-steward'), fc.string()),
        'detail-type': fc.oneof(fc.constantFrom(...types), fc.string()),
        time: fc.oneof(fc.constant(noon.toISOString()), fc.jsonValue()),
        detail: fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue()),
      },
      { requiredKeys: [] },
    );
    const bodies = fc.oneof(
      fc.string(),
      fc.json(),
      events.map((event) => JSON.stringify(event)),
    );
    fc.assert(
      fc.property(bodies, (body) => {
        expect(() => readEvent(body)).toThrow(Unwanted);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('the time of a sweep', () => {
  it('is that of the scheduled event', () => {
    expect(readTick({ ...own('Scheduled Event', {}), time: at(60).toISOString() })).toEqual(at(60));
  });

  it.each([[{}], [null], [{ time: 'soon' }], ['text']])('is not known of %o', (event) => {
    expect(readTick(event)).toBeUndefined();
  });
});
