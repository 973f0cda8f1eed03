import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packagedTemplate } from '../../demo/install.ts';
import { isGood, reportOf } from '../../demo/report.ts';
import { compileWith } from '../stack/package.ts';
import type { Resource, Template } from '../stack/template.ts';
import { Deployment } from './deployment.ts';
import { type Scene, service } from './scene.ts';

/** Another log level and retention. */
const otherLevel = JSON.parse(compileWith('--param=logLevel=DEBUG', '--param=retentionDays=7')) as Template;

/** The properties of every resource of a type changed. */
function changed(
  template: Template,
  changes: Readonly<Record<string, (properties: Record<string, unknown>) => Record<string, unknown>>>,
): Template {
  const changedResource = (resource: Resource): Resource => {
    const change = changes[resource.Type];
    if (!change) return resource;
    const Properties = { ...resource.Properties };
    return { ...resource, Properties: { ...Properties, ...change(Properties) } };
  };
  const entries = Object.entries(template.Resources).map(([id, one]) => [id, changedResource(one)]);
  return { ...template, Resources: Object.fromEntries(entries) };
}

/** Whatever a later version might change where it stands: another version, times, rules, rights. */
const laterVersion = changed(otherLevel, {
  'AWS::Lambda::Function': ({ Timeout }) => ({ Timeout: Number(Timeout) + 1 }),
  'AWS::SQS::Queue': () => ({ VisibilityTimeout: 120, MessageRetentionPeriod: 43_200 }),
  'AWS::SQS::QueuePolicy': ({ PolicyDocument }) => ({
    PolicyDocument: { ...(PolicyDocument as object), Id: 'later' },
  }),
  'AWS::Events::Rule': () => ({ Description: 'later' }),
  'AWS::Lambda::EventSourceMapping': () => ({ BatchSize: 5 }),
  'AWS::IAM::Role': ({ Policies }) => ({
    Policies: (Policies as object[]).toReversed(),
    Description: 'later',
  }),
  'Custom::EcsStewardUninstall': () => ({ Version: '9.9.9' }),
});

/** The same with a queue that SQS does not take, once everything else has changed. */
const refusedVersion: Template = {
  ...laterVersion,
  Resources: {
    ...laterVersion.Resources,
    Refused: {
      Type: 'AWS::SQS::Queue',
      Properties: { VisibilityTimeout: 43_201 },
      DependsOn: 'Uninstall',
    },
  },
};

const services = [
  service({ name: 'web', desiredCount: 9, stopSeconds: 30 }),
  service({ name: 'worker', desiredCount: 6, stopSeconds: 4 }),
];
const leaving = 3;

/** When instances are told to go: milliseconds from the begin of an update, before which it may be, and often about then. */
const moment = fc.oneof(fc.integer({ min: -60_000, max: 12_000 }), fc.integer({ min: -2000, max: 3000 }));
const moments = fc.array(moment, { minLength: leaving, maxLength: leaving });

/** Seeds and moments where the message that an instance leaves is in the lane when the lane itself is changed. */
const onTheirWay: [number, number[]][] = [
  [1, [-40_000, -20_000, 480]],
  [2, [-40_000, -20_000, 140]],
];

/** Lets instances go before and while a stack is updated; gives what became of them. */
async function updated(seed: number, moments: readonly number[], template: Template) {
  const { scene, deployment } = await Deployment.open({ seed, instances: 5, services });
  const { account } = scene;
  await account.advance(60 + seed);
  const since = account.world.now;
  const beginsAt = since + 60_000;
  const instances = account.ec2.all();
  for (const [i, moment] of moments.entries())
    account.world.at(beginsAt + moment, () => scene.terminate(instances[i]?.instanceId));
  await account.advance(55);
  const before = deployment.physicalIds;
  await deployment.beginUpdate(template);
  const status = await deployment.settled();
  await account.advance(600);
  return { scene, deployment, status, before, report: reportOf(account, since) };
}

/** Nothing was lost: nobody waited for a sweep to do what a message says. */
function expectNothingLost(scene: Scene, report: ReturnType<typeof reportOf>): void {
  expect(report.firstDenied).toBeUndefined();
  expect(isGood(report, leaving)).toBe(true);
  expect(scene.deadLetters).toBe(0);
  const heardSeconds = report.instances.map(
    ({ drainingAt = 0, terminateAt }) => (drainingAt - terminateAt) / 1000,
  );
  expect(Math.max(...heardSeconds)).toBeLessThan(3);
  expect(report.latenessSecondsMax).toBeLessThan(3);
}

describe('an update in the middle of departures', () => {
  it.each<[string, Template, string]>([
    ['of nothing but the packages', packagedTemplate() as Template, 'UPDATE_COMPLETE'],
    ['to another log level', otherLevel, 'UPDATE_COMPLETE'],
    ['to a version where everything is otherwise', laterVersion, 'UPDATE_COMPLETE'],
    ['that AWS refuses, and that goes back,', refusedVersion, 'UPDATE_ROLLBACK_COMPLETE'],
  ])('%s loses nothing, whenever it comes', async (_, template, expected) => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 1000 }), moments, async (seed, moments) => {
        const { scene, status, report } = await updated(seed, moments, template);
        expect(status).toBe(expected);
        expectNothingLost(scene, report);
      }),
      { numRuns: 10, examples: onTheirWay },
    );
  });

  it('puts nothing in the place of a queue, a rule or a function', async () => {
    const { deployment, before } = await updated(1, [-20_000, -3000, 2000], laterVersion);
    expect(deployment.physicalIds).toEqual(before);
    const updates = deployment.events.filter(({ ResourceStatus }) => ResourceStatus === 'UPDATE_COMPLETE');
    expect(updates.map(({ LogicalResourceId }) => LogicalResourceId)).toEqual(
      expect.arrayContaining(['Lane', 'ReleaseQueue', 'TaskRule', 'AdmitLambdaFunction', 'Uninstall']),
    );
  });
});
