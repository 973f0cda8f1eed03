import { execFile } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { textOf } from '../files.ts';
import { Scene } from '../simulator/server/scene.ts';

const page = textOf('docs/simulator.md');

/** The commands of the page in the order in which they stand; the first block starts the server. */
const [session = ''] = page.split('\n## Scenarios\n');
const [start = '', ...blocks] = [...session.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(
  ([, block = '']) => block,
);

/** Requests that are in the table, as `GET clock`. */
const inTable = [...page.matchAll(/^\| (`(?:GET|POST) [^|]*) \|/gm)]
  .flatMap(([, cell = '']) => [...cell.matchAll(/`(GET|POST) ([\w-]+)/g)])
  .map(([, method, name]) => `${method} ${name}`);

function bash(script: string): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((done) => {
    execFile('bash', ['-c', script], (error, stdout, stderr) => {
      done({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

describe('docs/simulator.md', () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.open();
  });

  afterAll(() => scene.server.stop());

  it('starts the server with a command that there is', () => {
    expect(start).toBe('npm run aws -- --clock virtual\n');
    expect(JSON.parse(textOf('package.json')).scripts.aws).toContain(' simulator/main.ts');
  });

  it('shows requests that are all answered, in one session', async () => {
    const strict = 'set -euo pipefail\ncurl() { command curl --fail-with-body "$@"; }\n';
    const script = strict + blocks.join('\n').replaceAll('http://127.0.0.1:4566', scene.url);
    const { code, stdout, stderr } = await bash(script);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('EC2 Spot Instance Interruption Warning');
    expect(stdout).toContain('Task failed container health checks');
    expect(stdout).toContain('"time":"2026-05-04T12:');
    expect(stdout.trimEnd().split('\n').at(-1)).toContain('"seed":7');
    expect(scene.reported).toEqual([]);
  });

  it('names every control request that there is, and no other', async () => {
    const { paths } = JSON.parse((await scene.ask('/_simulator/none')).text) as { paths: string[] };
    const there = paths.map((path) => path.replace('/_simulator/', ''));
    expect([...new Set(inTable)].sort()).toEqual(there.sort());
  });

  it('shows every control request in use', () => {
    const shown = new Set([...blocks.join('\n').matchAll(/\$control\/([\w-]+)/g)].map(([, name]) => name));
    const named = new Set(inTable.map((request) => request.split(' ')[1]));
    // A target group needs a load balancer to be of use.
    expect([...named].filter((name) => !shown.has(name ?? ''))).toEqual(['target-group']);
  });
});
