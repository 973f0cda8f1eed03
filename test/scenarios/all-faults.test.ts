import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { allFaultsAtOnce } from './all-faults.ts';

const root = resolve(import.meta.dirname, '../..');

/** The log of a run in a process and a folder of its own. */
function logOf(seed: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'all-faults-'));
  try {
    const program = join(root, 'test/scenarios/all-faults.ts');
    execFileSync(
      process.execPath,
      ['--import', join(root, 'node_modules/tsx/dist/loader.mjs'), program, String(seed)],
      {
        cwd: folder,
        stdio: 'pipe',
      },
    );
    return readFileSync(join(folder, 'log.ndjson'), 'utf8');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

it('gives the same log byte for byte under the same seed, with all faults on, in two folders', () => {
  const [one, two] = [logOf(4), logOf(4)];
  expect(one.length).toBeGreaterThan(1_000_000);
  expect(one === two).toBe(true);
});

it('has every fault happen, and still does its work', async () => {
  const { account } = await allFaultsAtOnce(5);
  const { log } = account.world;
  const kinds = new Set(log.map(({ kind }) => kind));
  for (const kind of ['event-lost', 'operator']) expect(kinds).toContain(kind);
  const outcomes = new Set(account.endpoint.calls.map(({ outcome }) => outcome));
  expect(outcomes).toContain('ServiceUnavailable');
  const ends = account.lambda.invocations.map(({ outcome }) => outcome);
  expect(ends).toContain('crashed');
  expect(ends.filter((outcome) => outcome === 'success').length).toBeGreaterThan(100);
  const doubled = log.filter(({ kind, copies }) => kind === 'rule-matched' && copies === 2);
  expect(doubled.length).toBeGreaterThan(0);
  const ended = account.autoscaling.lifecycleActions().filter(({ endedBy }) => endedBy === 'complete');
  expect(ended.length).toBeGreaterThan(5);
});
