import { execFile } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { textOf } from '../files.ts';
import { Scene } from '../simulator/server/scene.ts';

const [, after = ''] = textOf('docs/simulator.md').split('\n## Scenarios\n');
const [section = ''] = after.split('\n## ');
const [opening = '', ...parts] = section.split('\n### ');

const blocksOf = (text: string, language: string) =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    ([, block = '']) => block,
  );

/** What every scenario needs to have run before. */
const [words = ''] = blocksOf(opening, 'sh');

const scenarios = parts.map((part) => ({
  name: part.split('\n')[0] ?? '',
  script: blocksOf(part, 'sh').join('\n'),
  printed: blocksOf(part, 'text').join(''),
}));

const bash = (script: string) =>
  new Promise<{ stdout: string; stderr: string; failed: boolean }>((done) => {
    execFile('bash', ['-c', script], { timeout: 120_000 }, (error, stdout, stderr) =>
      done({ stdout, stderr, failed: error !== null }),
    );
  });

describe('the scenarios of docs/simulator.md', () => {
  it('are there, each with what it prints', () => {
    const names = [
      'Trunking failure',
      'Managed draining beside our hook',
      'Nothing may stop, nothing may start',
      'Instance refresh of 20',
      'Spot reclaim of a zone',
    ];
    expect(scenarios.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
    for (const { script, printed } of scenarios) expect([script, printed]).not.toContain('');
  });

  it.each(scenarios)('$name prints what the page shows', async ({ script, printed }) => {
    const scene = await Scene.open();
    try {
      const all = `set -euo pipefail\n${words}\n${script}`.replaceAll('http://127.0.0.1:4566', scene.url);
      expect(await bash(all)).toEqual({ stdout: printed, stderr: '', failed: false });
      expect(scene.reported).toEqual([]);
    } finally {
      await scene.server.stop();
    }
  });
});
