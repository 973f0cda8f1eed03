import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling';
import { describe, expect, it } from 'vitest';
import { Scene, startAt, tagged } from './scene.ts';

const terminating = { LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING' };

const groups = (scene: Scene, input: Record<string, unknown>) =>
  scene.call<{ AutoScalingGroups: AutoScalingGroup[]; NextToken?: string }>(
    'DescribeAutoScalingGroups',
    input,
  );

const names = (scene: Scene, input: Record<string, unknown>) =>
  groups(scene, input).AutoScalingGroups.map((group) => group.AutoScalingGroupName);

describe('CreateAutoScalingGroup', () => {
  it('describes the group with the members AWS always gives (D-6.20)', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 1, VPCZoneIdentifier: 'subnet-a,subnet-b' });
    expect(scene.describe()).toMatchObject({
      AutoScalingGroupARN: expect.stringMatching(
        /^arn:aws:autoscaling:us-east-1:111122223333:autoScalingGroup:[0-9a-f-]{36}:autoScalingGroupName\/demo$/,
      ),
      MinSize: 0,
      MaxSize: 100,
      DefaultCooldown: 300,
      HealthCheckType: 'EC2',
      HealthCheckGracePeriod: 0,
      CreatedTime: new Date(startAt),
      TerminationPolicies: ['Default'],
      NewInstancesProtectedFromScaleIn: false,
      Tags: [],
      Instances: [{ LifecycleState: 'InService', HealthStatus: 'Healthy', ProtectedFromScaleIn: false }],
    });
    expect(scene.activities()[0]?.Details).toBe('{"Subnet ID":"subnet-a","Availability Zone":"us-east-1a"}');
  });

  it('creates the hooks and tags it is given', () => {
    const scene = new Scene();
    scene.group({
      DesiredCapacity: 0,
      LifecycleHookSpecificationList: [
        {
          LifecycleHookName: 'h',
          LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
          HeartbeatTimeout: 60,
        },
      ],
      Tags: [{ Key: 'k', Value: 'v' }],
    });
    expect(scene.hooks()).toMatchObject([
      { LifecycleHookName: 'h', AutoScalingGroupName: 'demo', GlobalTimeout: 6000 },
    ]);
    expect(scene.describe().Tags).toEqual([
      {
        ResourceId: 'demo',
        ResourceType: 'auto-scaling-group',
        Key: 'k',
        Value: 'v',
        PropagateAtLaunch: false,
      },
    ]);
  });

  it('launches from the template of a mixed instances policy', () => {
    const scene = new Scene();
    scene.call('CreateAutoScalingGroup', {
      AutoScalingGroupName: 'mixed',
      MinSize: 1,
      MaxSize: 1,
      VPCZoneIdentifier: 'subnet-a,subnet-b',
      MixedInstancesPolicy: {
        LaunchTemplate: { LaunchTemplateSpecification: { LaunchTemplateName: 'spot' } },
      },
    });
    expect(scene.outcomes[0]?.outcome).toMatchObject({ launchTemplateName: 'spot' });
    expect(scene.describe('mixed')).toMatchObject({ AvailabilityZones: ['us-east-1a', 'us-east-1b'] });
    expect(scene.describe('mixed').LaunchTemplate).toBeUndefined();
  });

  it.each([
    ['a name that is taken', {}, 'AlreadyExists', 'A group with the name demo already exists'],
    ['no zone', { AvailabilityZones: [] }, 'ValidationError', 'At least one Availability Zone'],
    [
      'a zone of another Region',
      { AvailabilityZones: ['us-east-1a', 'us-east-2a'] },
      'ValidationError',
      'The availability zone us-east-2a is not valid.',
    ],
    ['a zone that is none', { AvailabilityZones: ['COLOUR'] }, 'ValidationError', 'zone COLOUR is not valid'],
    ['no template', { LaunchTemplate: undefined }, 'ValidationError', 'must contain either LaunchTemplate'],
    ['bounds that cross', { MinSize: 2, MaxSize: 1 }, 'ValidationError', 'Max bound, 1'],
    [
      'a hook outside the limits',
      { LifecycleHookSpecificationList: [{ LifecycleHookName: 'h', ...terminating, HeartbeatTimeout: 29 }] },
      'ValidationError',
      "'heartbeatTimeout'",
    ],
  ])('refuses %s', (_, input, code, message) => {
    const scene = new Scene();
    const create = (more: object) => scene.group({ DesiredCapacity: 0, ...more });
    create({});
    const name =
      code === 'AlreadyExists' ? {} : { AutoScalingGroupName: 'other', DesiredCapacity: undefined };
    expect(() => create({ ...name, ...input })).toThrow(expect.objectContaining({ code }));
    expect(() => create({ ...name, ...input })).toThrow(message);
    expect(names(scene, {})).toEqual(['demo']);
  });
});

describe('the names in a call of DescribeAutoScalingGroups', () => {
  it('are at most 50, or MaxRecords (D-5.16)', () => {
    const names =
      (count: number, more = {}) =>
      () =>
        new Scene().call('DescribeAutoScalingGroups', {
          AutoScalingGroupNames: Array(count).fill('a'),
          ...more,
        });
    expect(names(50)).not.toThrow();
    expect(names(51)).toThrow("at 'autoScalingGroupNames' failed to satisfy constraint");
    expect(names(100, { MaxRecords: 100 })).not.toThrow();
    expect(names(11, { MaxRecords: 10 })).toThrow('Member must have length less than or equal to 10');
  });
});

describe('DescribeAutoScalingGroups', () => {
  const scene = tagged({
    one: { 'ecs-steward:cluster': 'blue', team: 'a' },
    two: { 'ecs-steward:cluster': 'green' },
    three: { team: 'blue' },
  });

  it.each([
    ['nothing: all', {}, ['one', 'three', 'two']],
    ['names', { AutoScalingGroupNames: ['two', 'no', 'one'] }, ['one', 'two']],
    ['a tag key', { Filters: [{ Name: 'tag-key', Values: ['ecs-steward:cluster'] }] }, ['one', 'two']],
    ['a tag value', { Filters: [{ Name: 'tag-value', Values: ['blue'] }] }, ['one', 'three']],
    [
      'a tag with one of two values',
      { Filters: [{ Name: 'tag:ecs-steward:cluster', Values: ['green', 'x'] }] },
      ['two'],
    ],
    [
      'two filters, which must both hold',
      {
        Filters: [
          { Name: 'tag-key', Values: ['team'] },
          { Name: 'tag:ecs-steward:cluster', Values: ['blue'] },
        ],
      },
      ['one'],
    ],
  ])('finds by %s', (_, input, expected) => {
    expect(names(scene, input)).toEqual(expected);
  });

  it('finds by ARN', () => {
    const arn = scene.describe('two').AutoScalingGroupARN;
    expect(names(scene, { AutoScalingGroupNames: [arn] })).toEqual(['two']);
  });

  it('refuses a filter it does not have', () => {
    expect(() => groups(scene, { Filters: [{ Name: 'name', Values: ['x'] }] })).toThrow(
      'Filter type name is not correct',
    );
  });

  it('gives pages of at most 100, 50 unless told (D-5.16)', () => {
    const many = tagged(Object.fromEntries(Array.from({ length: 120 }, (_, n) => [`g${1000 + n}`, {}])));
    const first = groups(many, {});
    expect(first.AutoScalingGroups).toHaveLength(50);
    const second = groups(many, { NextToken: first.NextToken, MaxRecords: 70 });
    expect(second.AutoScalingGroups).toHaveLength(70);
    expect(second.NextToken).toBeUndefined();
    const all = [...first.AutoScalingGroups, ...second.AutoScalingGroups].map(
      (group) => group.AutoScalingGroupName,
    );
    expect(new Set(all).size).toBe(120);
    expect(() => groups(many, { MaxRecords: 101 })).toThrow(
      "1 validation error detected: Value '101' at 'maxRecords' failed to satisfy constraint: Member must have value less than or equal to 100",
    );
    expect(() => groups(many, { NextToken: 'x' })).toThrow(
      expect.objectContaining({ code: 'InvalidNextToken' }),
    );
  });

  it('leaves the instances out when told to', () => {
    const full = new Scene();
    full.group();
    const [group] = groups(full, { IncludeInstances: false }).AutoScalingGroups;
    expect(group?.Instances).toEqual([]);
  });
});
