import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Account } from '../../../../simulator/account.ts';
import type { Runtime } from '../../../../simulator/cloud/lambda/lambda.ts';
import { Processes } from '../../../../simulator/cloud/lambda/process.ts';
import { Fault } from '../../../../simulator/machine.ts';
import { Server, type Site } from '../../../../simulator/server.ts';
import { Scene, type SceneWish, service, templateWithoutUninstall } from '../../../scenarios/scene.ts';
import { packageCode, packaged } from '../../../stack/package.ts';
import { unzip } from '../../../stack/zip.ts';
import { processesOf } from './process-fixture.ts';
import { zipOf } from './zip-fixture.ts';

const packageOf = (name: string) => readFileSync(join(packaged, `${name}.zip`));

/** The functions of the packaged service, each environment in a process of its own. */
const fromZips =
  (jitter = async () => undefined, zip: (name: string) => Buffer = packageOf) =>
  async ({ world }: Account): Promise<Runtime> => {
    const processes = await processesOf(world, { jitter });
    return (handler) => processes.runtime(zip(handler.split('/')[1] ?? ''))(handler);
  };

/** The same behind the server that the local AWS is. */
const behindServer = async (account: Account): Promise<Runtime> => {
  let processes: Processes | undefined;
  const open = (_seed: number, url: string): Site => {
    const own = new Processes({ world: account.world, endpointUrl: url });
    processes = own;
    return {
      account,
      functionRequests: (accessKeyId, request) => own.handle(accessKeyId, request),
      close: () => own.stop(),
    };
  };
  const server = await Server.start(
    {
      seed: account.world.seed,
      clock: { kind: 'virtual', speed: 1 },
      open,
      report: (line) => expect.fail(line),
    },
    0,
  );
  onTestFinished(() => server.stop());
  return (handler) => {
    if (!processes) throw new Error('The server has not opened the account');
    return processes.runtime(packageOf(handler.split('/')[1] ?? ''))(handler);
  };
};

/** Delays what goes over HTTP in real time, each time otherwise. */
const jitter = async () => void (await rest(Math.random() * 12));

const wish: SceneWish = { seed: 3, services: [service({ desiredCount: 6 })] };

/** Everything that happened while an instance left. */
async function story(options: Partial<SceneWish> = {}) {
  const scene = await Scene.open({ ...wish, template: templateWithoutUninstall(), ...options });
  const departure = await scene.leave();
  return { scene, departure, calls: scene.calls(), log: scene.account.world.log };
}

beforeAll(packageCode);

describe('the packaged functions in processes of their own', () => {
  it.each([
    { tasks: 'tasks', services: [service({ desiredCount: 6 })], names: ['autoscaling', 'ecs', 'events'] },
    { tasks: 'none', services: [], names: ['autoscaling', 'ecs', 'events', 'sqs'] },
  ])('drain an instance with $tasks as they do in process, line by line', async ({ services, names }) => {
    const inside = await story({ services });
    const outside = await story({ services, runtime: behindServer });
    expect(outside.departure).toEqual(inside.departure);
    expect(outside.calls).toEqual(inside.calls);
    expect(outside.log).toEqual(inside.log);
    expect([...new Set(outside.calls.map(({ service: name }) => name))].toSorted()).toEqual(names);
  });

  it('do the same again for the same seed, however the real machine dawdles', async () => {
    const readLag = async (options: Partial<SceneWish>) => {
      const scene = await Scene.open({ ...wish, template: templateWithoutUninstall(), ...options });
      scene.account.endpoint.faults.readLagSecondsMax = 2;
      scene.account.bus.faults.duplicate = 0.3;
      const departure = await scene.leave();
      return { departure, log: JSON.stringify(scene.account.world.log) };
    };
    const quiet = await readLag({ runtime: fromZips() });
    const shaken = await readLag({ runtime: fromZips(jitter) });
    expect(shaken).toEqual(quiet);
  });

  it('call again after a refusal, pausing in virtual time', async () => {
    const late = async (options: Partial<SceneWish> = {}) => {
      const scene = await Scene.open({ ...wish, template: templateWithoutUninstall(), ...options });
      let refusals = 0;
      scene.account.endpoint.faults.refuse = ({ operation }) => {
        if (operation !== 'DescribeAutoScalingGroups' || refusals++ > 1) return;
        throw new Fault('Throttling', 'Rate exceeded', 400);
      };
      return { departure: await scene.leave(), calls: scene.calls('DescribeAutoScalingGroups') };
    };
    const { departure, calls } = await late({ runtime: fromZips() });
    expect(calls.map(({ outcome }) => outcome).slice(0, 3)).toEqual(['Throttling', 'Throttling', 'ok']);
    expect(departure.completedAt).toBeDefined();
  });

  it('run as they are in the package: a byte changed in it changes the run', async () => {
    const changed = (name: string) =>
      zipOf(
        Object.fromEntries(
          [...unzip(packageOf(name))].map(([path, content]) => [
            path,
            content.toString().replaceAll('"decided"', '"decidad"'),
          ]),
        ),
      );
    const plain = JSON.stringify((await story({ runtime: fromZips() })).log);
    const other = JSON.stringify((await story({ runtime: fromZips(undefined, changed) })).log);
    expect(other).not.toBe(plain);
    expect(other.replaceAll('decidad', 'decided')).toBe(plain);
  });
});
