import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Report } from '../../demo/report.ts';
import { copyOfProject, root } from '../files.ts';

const copies: string[] = [];

afterAll(() => {
  for (const copy of copies) rmSync(copy, { recursive: true, force: true });
});

/** A copy of the project in a directory of its own. */
function newCopy(): string {
  const copy = copyOfProject();
  copies.push(copy);
  return copy;
}

/** As on a machine that builds and tests, which some take for a terminal with colours. */
const { FORCE_COLOR: _forced, ...rest } = process.env;
const plainEnvironment = { ...rest, CI: 'true' };

/** Runs the demo's command; resolves with what it printed and its exit code. */
function demo(cwd: string, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const tsx = join(root, 'node_modules/.bin/tsx');
  return new Promise((done) => {
    const options = { cwd, env: plainEnvironment, maxBuffer: 1 << 26 };
    execFile(tsx, ['demo/main.ts', ...args], options, (error, stdout, stderr) => {
      done({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

const reportIn = (stdout: string): Report => JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');

// Several demos at a time, each with a framework and processes of its own, on a machine that may be busy.
describe('npm run demo', { timeout: 240_000 }, () => {
  it.each([
    ['deployed', []],
    ['in process', ['--in-process']],
  ])(
    'writes byte-identical logs for the same seed in two directories, and others for another seed: %s',
    async (_, how) => {
      const [first, second] = [newCopy(), newCopy()];
      const log = ['--log', 'logs', ...how];
      const runs = await Promise.all([
        demo(first, '--seed', '5', ...log),
        demo(second, '--seed', '5', ...log),
      ]);
      expect(runs.map(({ code }) => code)).toEqual([0, 0]);
      const read = (copy: string, file: string) => readFileSync(join(copy, 'logs', file), 'utf8');
      for (const file of ['events.ndjson', 'calls.ndjson']) {
        expect(read(first, file).split('\n').length).toBeGreaterThan(100);
        expect(read(first, file) === read(second, file)).toBe(true);
      }
      const before = read(first, 'calls.ndjson');
      expect((await demo(first, '--seed', '6', ...log)).code).toBe(0);
      expect(read(first, 'calls.ndjson') === before).toBe(false);
    },
  );

  it('gives the figures of the functions from source, within the path, when it is deployed', async () => {
    const [copy, other] = [newCopy(), newCopy()];
    const [deployed, inProcess] = await Promise.all([
      demo(copy, '--json', '--seed', '4'),
      demo(other, '--json', '--seed', '4', '--in-process'),
    ]);
    expect([deployed.code, inProcess.code]).toEqual([0, 0]);
    const [figures, others] = [deployed, inProcess].map(({ stdout }) => reportIn(stdout)) as [Report, Report];
    const { departures, releasedEarly, tasksKilled, tasksStoppedByPolicy, hooksTimedOut, accessDenied } =
      others;
    expect(figures).toMatchObject({
      departures,
      releasedEarly,
      tasksKilled,
      tasksStoppedByPolicy,
      hooksTimedOut,
      accessDenied,
    });
    for (const { latenessOwnSecondsMax, latenessSecondsMax, apiCalls } of [figures, others]) {
      expect(latenessOwnSecondsMax).toBeLessThanOrEqual(0.5);
      expect(latenessSecondsMax).toBeLessThanOrEqual(2);
      expect(apiCalls / departures).toBeLessThanOrEqual(16);
    }
    const tasksOf = ({ instances }: Report) => instances.map(({ instanceId, tasks }) => [instanceId, tasks]);
    expect(tasksOf(figures)).toEqual(tasksOf(others));
  });

  it('ends with one JSON object, without colours in a pipe', async () => {
    const { code, stdout } = await demo(copies[0] ?? newCopy(), '--json', '--seed', '2', '--in-process');
    expect(code).toBe(0);
    expect(stdout).not.toContain('\u001b[');
    const report: unknown = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
    expect(report).toMatchObject({
      seed: 2,
      departures: 3,
      instancesTerminated: 3,
      releasedEarly: 0,
      tasksKilled: 0,
      tasksStoppedByPolicy: 0,
      hooksTimedOut: 0,
      latenessOwnSecondsMax: expect.any(Number),
      latenessSecondsMax: expect.any(Number),
      invocations: expect.any(Number),
      billedSeconds: expect.any(Number),
      apiCalls: expect.any(Number),
      apiCallsSweep: expect.any(Number),
      accessDenied: 0,
    });
  });

  it('shows what went wrong where the roles are for another cluster, and exits with 1', async () => {
    const copy = newCopy();
    const file = join(copy, 'serverless.yml');
    const service = readFileSync(file, 'utf8');
    expect(service).toContain("clusters: '*'");
    writeFileSync(file, service.replace("clusters: '*'", "clusters: 'another'"));
    const { code, stdout } = await demo(copy, '--json', '--in-process');
    expect(code).toBe(1);
    expect(stdout).toMatch(/NOT ok {2}[1-9]\d* calls denied .*; the first: \w+:\w+ by /);
    const report: unknown = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
    expect(report).toMatchObject({ departuresEnded: 0, firstDenied: expect.any(String) });
  });

  it('ends quietly when whoever reads it stops reading', async () => {
    const tsx = join(root, 'node_modules/.bin/tsx');
    const script = '"$0" demo/main.ts --in-process | head -3; exit "$PIPESTATUS"';
    const cwd = copies[0] ?? newCopy();
    const ended = await new Promise((done) => {
      execFile('bash', ['-c', script, tsx], { cwd }, (error, stdout, stderr) =>
        done({ code: error?.code ?? 0, lines: stdout.trimEnd().split('\n').length, stderr }),
      );
    });
    expect(ended).toEqual({ code: 0, lines: 3, stderr: '' });
  });

  it.each([
    [['--seed', 'seven'], '--seed: expected a whole number from 0 up, got "seven"'],
    [['--seed', '-3'], '--seed: expected a whole number from 0 up, got "-3"'],
    [['--seed=-3'], '--seed: expected a whole number from 0 up, got "-3"'],
    [['--seed', '--json'], '--seed: expected a whole number from 0 up, got "--json"'],
    [['--log', 'package.json'], '--log: expected a folder that can be written to, got "package.json"'],
    [['--log', 'package.json/logs'], '--log: expected a folder that can be written to'],
    [['--speed', '2'], '--speed'],
    [['--seed', '1', '--seed', '2'], '--seed: expected once, got it twice'],
    [['scale-in'], 'scale-in'],
    [['--keep', '--in-process'], '--keep: expected without --in-process'],
  ])('refuses %j with a clear error and exit code 2', async (args, message) => {
    const { code, stdout, stderr } = await demo(root, ...args);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
    expect(stderr).toContain('Usage: npm run demo');
  });
});
