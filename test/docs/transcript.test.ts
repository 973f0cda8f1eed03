import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root, textOf } from '../files.ts';
import { Scene } from '../simulator/server/scene.ts';

const page = textOf('docs/simulator.md');
const [before = '', after = ''] = page.split('\nWhat is there now, by the SDK:\n');

const blocksOf = (text: string, language: string) =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    ([, block = '']) => block,
  );

/** What was asked for before; the first block starts the server. */
const [, ...session] = blocksOf(before, 'sh');
const [script = ''] = blocksOf(after, 'js');
const [printed = ''] = blocksOf(after, 'text');
const [dialogue = ''] = blocksOf(after, 'console');

/** Commands of the AWS CLI, each with what it printed. */
const commands = dialogue
  .split(/^\$ /m)
  .filter((part) => part !== '')
  .map((part) => /^((?:.*\\\n)*.*)\n([\s\S]*)$/.exec(part) ?? [])
  .map(([, command = '', output = '']) => ({ command, output }));

describe('the transcript in docs/simulator.md', () => {
  let scene: Scene;
  const home = mkdtempSync(join(tmpdir(), 'ecs-steward-home-'));

  /** Nothing of this machine's AWS decides what is asked. */
  const environment = {
    PATH: process.env.PATH,
    HOME: home,
    AWS_ACCESS_KEY_ID: 'key',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_DEFAULT_REGION: 'eu-west-1',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };

  const run = (program: string, args: readonly string[]) =>
    new Promise<{ code: number; stdout: string; stderr: string }>((done) => {
      execFile(program, [...args], { cwd: root, env: environment }, (error, stdout, stderr) =>
        done({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, stdout, stderr }),
      );
    });

  const here = (text: string) => text.replaceAll('http://127.0.0.1:4566', scene.url);

  beforeAll(async () => {
    scene = await Scene.open();
    const made = await run('bash', ['-c', here(`set -euo pipefail\n${session.join('\n')}`)]);
    expect(made).toMatchObject({ code: 0, stderr: '' });
  });

  afterAll(async () => {
    await scene.server.stop();
    rmSync(home, { recursive: true, force: true });
  });

  it('shows what the SDK for JavaScript prints', async () => {
    const shown = await run(process.execPath, ['--input-type=module', '-e', here(script)]);
    expect(shown).toEqual({ code: 0, stderr: '', stdout: printed });
    expect(printed).toMatch(/^i-[0-9a-f]+ ACTIVE \d running$/m);
  });

  it('shows commands of the AWS CLI', () => {
    expect(commands.length).toBeGreaterThan(2);
    expect(commands.every(({ command }) => command.startsWith('aws --endpoint-url '))).toBe(true);
    expect(commands.every(({ output }) => output.trim() !== '')).toBe(true);
  });

  it.for(commands)(
    'shows what $command prints, where the AWS CLI is there',
    async ({ command, output }, { skip }) => {
      if ((await run('aws', ['--version'])).code !== 0) skip('there is no AWS CLI');
      expect(await run('bash', ['-c', here(command)])).toEqual({ code: 0, stderr: '', stdout: output });
    },
  );
});
