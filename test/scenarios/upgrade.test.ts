import { describe, expect, it } from 'vitest';
import { packagedTemplate } from '../../demo/install.ts';
import { reportOf } from '../../demo/report.ts';
import type { Platform, Runtime } from '../../simulator/cloud/lambda/lambda.ts';
import type { Template } from '../stack/template.ts';
import { Deployment } from './deployment.ts';
import { previousVersion, type Version } from './previous.ts';
import { job, service } from './scene.ts';

const leaving = 50;
const services = [
  service({ name: 'web', desiredCount: 70, stopSeconds: 30, stopTimeoutSeconds: 60 }),
  service({ name: 'worker', desiredCount: 40, stopSeconds: 100, stopTimeoutSeconds: 120 }),
];
/** One of them runs for twenty minutes on its own, so that its departure spans the whole update. */
const standalone = [job({ name: 'report', exitAfterSeconds: 1200 })];

/** A shallow clone has none; test/scenarios/left-behind.test.ts needs none. */
const previous = await previousVersion();

/**
 * The packages that a deployment uploads first hold the functions of `first`, the later ones those from source. `begun`: the
 * execution environments of each.
 */
const codeOf =
  (first: Version, begun: { first: number; source: number }) =>
  (source: Runtime) =>
  (zip: Uint8Array, handler: string) => {
    const version = Buffer.from(zip).toString().startsWith('upload-1/') ? 'first' : 'source';
    const start = (version === 'first' ? first.runtime : source)(handler);
    return (platform: Platform) => {
      begun[version]++;
      return start(platform);
    };
  };

/**
 * 50 of 60 instances leave in the two minutes about an update from one version to another: some have drained, some drain, some
 * wait for a budget, and some begin when the new version is there. `budget`: how many may drain at once.
 */
async function upgraded(from: Version, to: Template, seed: number, budget: string) {
  const begun = { first: 0, source: 0 };
  const { scene, deployment } = await Deployment.open({
    ...{ seed, instances: 60, services, standalone },
    tags: { 'ecs-steward:max-draining': budget },
    template: from.template,
    codeOf: codeOf(from, begun),
  });
  const { account } = scene;
  await account.advance(60 + seed);
  const since = account.world.now;
  const instances = account.ec2.all().slice(0, leaving);
  for (const [i, { instanceId }] of instances.entries())
    account.world.at(since + 1000 + i * 2400, () => scene.terminate(instanceId));
  await account.advance(70);
  const midway = scene.departures.filter(({ completedAt }) => completedAt === undefined).length;
  await deployment.beginUpdate(to);
  const status = await deployment.settled();
  await account.advance(3600);
  return { scene, status, midway, begun, departures: reportOf(account, since).instances };
}

describe.skipIf(!previous)(
  'an upgrade from the previous version, as git has it, in the middle of 50 departures',
  () => {
    it.each([
      [1, 'none'],
      [2, '15'],
    ])(
      'finishes all of them, none early and none cut off (seed %i, max-draining %s)',
      async (seed, budget) => {
        const to = packagedTemplate() as Template;
        const { scene, status, midway, begun, departures } = await upgraded(
          previous as Version,
          to,
          seed,
          budget,
        );
        expect(status).toBe('UPDATE_COMPLETE');
        expect(midway).toBeGreaterThan(10);
        expect(begun.first).toBeGreaterThanOrEqual(3);
        expect(begun.source).toBeGreaterThanOrEqual(3);
        expect(departures).toHaveLength(leaving);
        for (const departure of departures)
          expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
        expect(scene.deadLetters).toBe(0);
        expect(scene.metric('Unwanted')).toBe(0);
      },
      240_000,
    );
  },
);
