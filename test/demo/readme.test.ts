import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import {
  DescribeServicesCommand,
  ECSClient,
  ListContainerInstancesCommand,
  ListServicesCommand,
} from '@aws-sdk/client-ecs';
import { expect, it, onTestFinished } from 'vitest';
import { copyOfProject, textOf } from '../files.ts';

/** What the README says that the demo prints. */
const shown = /```console\n(deploying the service[\s\S]*?)\n```/.exec(textOf('README.md'))?.[1]?.split('\n');

it('prints what the README shows, and with --keep lets an SDK look at what it made', {
  timeout: 240_000,
}, async () => {
  const cwd = copyOfProject();
  const { FORCE_COLOR: _, ...env } = process.env;
  const demo = spawn(process.execPath, ['--import', 'tsx', 'demo/main.ts', '--keep'], { cwd, env });
  onTestFinished(async () => {
    demo.kill('SIGKILL');
    rmSync(cwd, { recursive: true, force: true });
  });
  const lines: string[] = [];
  let url: string | undefined;
  for await (const line of createInterface(demo.stdout)) {
    url = /^the local AWS stays at (\S+) until Ctrl-C$/.exec(line)?.[1];
    if (url !== undefined) break;
    lines.push(line.trimEnd());
  }
  expect(lines).toEqual(shown);

  const credentials = { accessKeyId: 'operator', secretAccessKey: 'operator' };
  const ecs = new ECSClient({ region: 'eu-west-1', endpoint: url ?? '', credentials });
  const cluster = 'demo';
  const { serviceArns } = await ecs.send(new ListServicesCommand({ cluster }));
  const { services } = await ecs.send(new DescribeServicesCommand({ cluster, services: serviceArns }));
  expect(services?.map(({ serviceName, runningCount }) => [serviceName, runningCount]).toSorted()).toEqual([
    ['log-agent', 3],
    ['web', 9],
    ['worker', 6],
  ]);
  const { containerInstanceArns } = await ecs.send(new ListContainerInstancesCommand({ cluster }));
  expect(containerInstanceArns).toHaveLength(3);
  ecs.destroy();

  demo.kill('SIGINT');
  expect(await once(demo, 'exit')).toEqual([0, null]);
});
