import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { afterEach, describe, expect, it } from 'vitest';
import { copyOfProject, root } from '../../files.ts';
import { endAll, start } from './command-scene.ts';

const copies: string[] = [];

afterEach(() => {
  endAll();
  for (const copy of copies.splice(0)) rmSync(copy, { recursive: true, force: true });
});

const credentials = { accessKeyId: 'operator', secretAccessKey: 'operator' };

/** Runs the Serverless Framework against the server, in a copy of the project. */
function sls(url: string, ...args: string[]): Promise<{ code: number; said: string }> {
  const [cwd = copyOfProject()] = copies;
  if (copies.length === 0) copies.push(cwd);
  const env = {
    PATH: process.env.PATH,
    HOME: cwd,
    AWS_ENDPOINT_URL: url,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    SLS_AWS_MONITORING_FREQUENCY: '50',
  };
  return new Promise((done) => {
    execFile(join(root, 'node_modules/.bin/sls'), args, { cwd, env }, (error, stdout, stderr) =>
      done({ code: typeof error?.code === 'number' ? error.code : 0, said: stdout + stderr }),
    );
  });
}

interface Invocation {
  readonly functionName: string;
  readonly outcome: string;
}

describe('sls deploy against npm run aws', () => {
  it.each([
    ['virtual', []],
    ['real', ['--speed', '60']],
  ])(
    'brings the stack up under a %s clock, and its functions run',
    async (clock, more) => {
      const { said, ready } = start('--port', '0', '--clock', clock, ...more);
      const url = await ready;
      const place = { endpoint: url, region: 'eu-west-1', credentials };
      const deployed = await sls(url, 'deploy');
      expect(deployed).toEqual({ code: 0, said: expect.stringContaining('Service deployed to stack') });
      const { Stacks } = await new CloudFormationClient(place).send(new DescribeStacksCommand({}));
      expect(Stacks).toMatchObject([{ StackStatus: expect.stringMatching(/^(CREATE|UPDATE)_COMPLETE$/) }]);
      const { Functions = [] } = await new LambdaClient(place).send(new ListFunctionsCommand({}));
      expect(Functions.map(({ FunctionName = '' }) => FunctionName.split('-').at(-1)).sort()).toEqual(
        expect.arrayContaining(['admit', 'release', 'sweep']),
      );
      const post = { method: 'POST', body: JSON.stringify({ seconds: 130 }) };
      await fetch(`${url}/_simulator/advance`, post);
      const { entries } = (await (await fetch(`${url}/_simulator/invocations`)).json()) as {
        entries: Invocation[];
      };
      const swept = entries.filter(({ functionName }) => functionName.endsWith('-sweep'));
      expect(swept.length).toBeGreaterThanOrEqual(2);
      expect(swept.every(({ outcome }) => outcome === 'success')).toBe(true);
      expect(said.stderr).toBe('');
    },
    240_000,
  );
});
