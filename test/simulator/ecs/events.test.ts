import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Said, Scene } from './scene.ts';

type Json = Readonly<Record<string, unknown>>;

/** A sample event of AWS, as documented (D-1.10, D-1.11, D-1.15, D-1.17, D-1.20). */
const sample = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../events/ecs-${name}.json`, import.meta.url), 'utf8')) as {
    readonly source: string;
    readonly 'detail-type': string;
    readonly detail: Json;
  };

/** What kind of value stands at each path; lists by their first entry. */
function kinds(value: unknown, path = ''): Record<string, string> {
  if (Array.isArray(value)) return value.length === 0 ? {} : kinds(value[0], `${path}[]`);
  if (typeof value === 'object' && value !== null)
    return Object.assign(
      {},
      ...Object.entries(value).map(([name, member]) => kinds(member, `${path}.${name}`)),
    );
  const isTime = typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value);
  return { [path]: isTime ? 'time' : typeof value };
}

/** Members that only ECR images, trunking or capacity providers bring. */
const elsewhere = /imageDigest|capacityProviderName|overrides\.containerOverrides/;

function scene() {
  const one = new Scene();
  one.instance('i-1');
  one.definition('web');
  one.service('web', { desiredCount: 1, ...one.percents(0, 200) });
  one.drain('i-1');
  one.pass(30);
  return one;
}

const find = (said: readonly Said[], detailType: string, more: Json) => {
  const found = said.find(
    (event) =>
      event.detailType === detailType &&
      Object.entries(more).every(([name, value]) => event.detail[name] === value),
  );
  if (!found) throw new Error(`nothing said like ${detailType} ${JSON.stringify(more)}`);
  return found;
};

describe('events', () => {
  const instance = 'ECS Container Instance State Change';
  const task = 'ECS Task State Change';

  it.each([
    ['container-instance-state-change.registered', instance, { version: 2 }],
    ['container-instance-state-change.draining', instance, { status: 'DRAINING' }],
    ['task-state-change.running-ec2', task, { lastStatus: 'RUNNING', desiredStatus: 'RUNNING' }],
    ['task-state-change.stopping-scheduler', task, { lastStatus: 'RUNNING', desiredStatus: 'STOPPED' }],
    ['task-state-change.stopped-scheduler', task, { lastStatus: 'STOPPED' }],
    ['service-action.SERVICE_STEADY_STATE', 'ECS Service Action', { eventName: 'SERVICE_STEADY_STATE' }],
    ['service-action.TASKS_STOPPED', 'ECS Service Action', { eventName: 'TASKS_STOPPED' }],
    [
      'deployment-state-change.SERVICE_DEPLOYMENT_COMPLETED',
      'ECS Deployment State Change',
      { eventName: 'SERVICE_DEPLOYMENT_COMPLETED' },
    ],
  ])('have the members and kinds of the documented sample %s (D-1.15, D-1.17)', (name, detailType, more) => {
    const said = find(scene().said, detailType, more);
    const documented = sample(name);
    expect(said.detailType).toBe(documented['detail-type']);
    expect(said.source).toBe(documented.source);
    const expected = Object.entries(kinds(documented.detail)).filter(([path]) => !elsewhere.test(path));
    expect(kinds(said.detail)).toMatchObject(Object.fromEntries(expected));
  });

  it('carry only the value of their type in resources, where the API fills zeros (D-1.10)', () => {
    const one = new Scene();
    one.instance('i-1');
    const resources = one.instanceEvents()[0]?.detail.registeredResources as Json[];
    expect(resources[0]).toEqual({ name: 'CPU', type: 'INTEGER', integerValue: 2048 });
    expect(resources[3]).toEqual({ name: 'PORTS_UDP', type: 'STRINGSET', stringSetValue: [] });
    const [cpu] = one.describe('i-1').registeredResources as Json[];
    expect(cpu).toEqual({ name: 'CPU', type: 'INTEGER', doubleValue: 0, longValue: 0, integerValue: 2048 });
  });

  it('have no counts when the switch says so, as in 2017 (D-1.11)', () => {
    const one = new Scene({ countsInEvents: false });
    one.instance('i-1');
    const detail = one.instanceEvents()[0]?.detail;
    expect(detail).not.toHaveProperty('runningTasksCount');
    expect(detail).not.toHaveProperty('pendingTasksCount');
    expect(one.describe('i-1')).toMatchObject({ runningTasksCount: 0, pendingTasksCount: 0 });
  });

  it('name the resource, and no version, cluster or service where AWS gives none (D-1.2, D-1.20)', () => {
    const { said } = scene();
    const action = find(said, 'ECS Service Action', {});
    expect(action.resources).toEqual(['arn:aws:ecs:eu-west-1:111122223333:service/demo/web']);
    expect(action.detail).not.toHaveProperty('version');
    const deployment = find(said, 'ECS Deployment State Change', {});
    expect(deployment.detail).not.toHaveProperty('clusterArn');
    expect(deployment.detail).not.toHaveProperty('version');
  });
});
