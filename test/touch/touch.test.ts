import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operationModel } from '../../simulator/wire/models.ts';
import { touch } from '../../touch/javascript.ts';
import { touchWithBoto3 } from '../../touch/python.ts';
import { judge, type Row } from '../../touch/row.ts';
import { readSteps, type Step, services } from '../../touch/steps.ts';
import { root } from '../files.ts';
import { Scene } from '../simulator/server/scene.ts';

const steps = readSteps();

describe('touch/steps.json', () => {
  it.each(steps)('has bad input for $operation, unless it takes none', ({ service, operation, bad }) => {
    const members = [...(operationModel(service, operation)?.input.structIterator() ?? [])];
    expect(bad === undefined).toBe(members.length === 0);
  });

  it('touches each operation once', () => {
    const names = steps.map(({ service, operation }) => `${service} ${operation}`);
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(steps.map(({ service }) => service))).toEqual(new Set(services));
  });
});

describe('a row', () => {
  const step: Step = {
    service: 'ssm',
    operation: 'GetParameter',
    bad: {},
    error: 'ParameterNotFound',
    good: {},
  };
  const row: Row = { service: 'ssm', operation: 'GetParameter', good: 'ok', bad: 'ParameterNotFound' };
  const served = { ssm: ['GetParameter'] };

  it('is as expected when the good input is taken and the bad one refused as AWS does', () => {
    expect(judge([row], [step], served)).toEqual([row]);
  });

  it.each<[Partial<Row>, string]>([
    [{ good: 'ParameterNotFound', message: 'no a' }, 'the good input is refused: no a'],
    [{ bad: 'ok' }, 'the bad input is accepted'],
    [{ bad: 'UnknownOperationException' }, 'the bad input is not understood'],
    [{ bad: 'InternalFailure' }, 'the bad input is not understood'],
    [{ bad: 'ValidationException' }, 'the bad input is refused, but expected was ParameterNotFound'],
  ])('with %j is not', (more, problem) => {
    const [judged] = judge([{ ...row, ...more }], [step], served);
    expect(judged?.problem).toContain(problem);
  });

  it('is added for an operation that is served and has no step', () => {
    const [, added] = judge([row], [step], { ssm: ['GetParameter', 'GetParameters'] });
    expect(added).toMatchObject({ operation: 'GetParameters', problem: expect.stringContaining('no step') });
  });
});

describe('every operation answers good and bad input', () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.open();
  });

  afterAll(() => scene.server.stop());

  const served = () =>
    Object.fromEntries(
      Object.entries(scene.account.endpoint.services).map(([name, { operationNames }]) => [
        name,
        operationNames,
      ]),
    );

  it('to the AWS SDK for JavaScript', async () => {
    const rows = judge(await touch(scene.url, steps), steps, served());
    expect(rows.filter(({ problem }) => problem !== undefined)).toEqual([]);
    expect(rows.length).toBeGreaterThan(90);
    expect(scene.reported).toEqual([]);
  });

  it('to boto3, where it is there', async ({ skip }) => {
    await scene.control('reset', {});
    const rows = await touchWithBoto3(scene.url);
    if (typeof rows === 'string') {
      expect(rows).toMatch(/^there is no python3$|^python3 has no boto3$/);
      skip(rows);
      return;
    }
    expect(judge(rows, steps, served()).filter(({ problem }) => problem !== undefined)).toEqual([]);
    expect(rows.length).toBe(steps.length);
  });
});

describe('npm run touch', () => {
  const run = (...args: string[]) =>
    new Promise<{ code: number; stdout: string; stderr: string }>((done) => {
      const tsx = join(root, 'node_modules/.bin/tsx');
      execFile(tsx, ['touch/main.ts', ...args], { cwd: root }, (error, stdout, stderr) =>
        done({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
      );
    });

  it('prints a table with every operation, its columns aligned', async () => {
    const { code, stdout, stderr } = await run();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [head = '', ...lines] = stdout.split('\n');
    expect(head).toMatch(/^operation +good +bad/);
    const column = head.indexOf('good');
    expect(lines.slice(0, steps.length).every((line) => line.slice(column - 1).startsWith(' ok '))).toBe(
      true,
    );
    expect(stdout).toContain(`${steps.length} of ${steps.length} operations answer as expected.`);
  });

  it('calls a server that runs already, prints JSON, and ends with 1 where something is not as expected', async () => {
    const scene = await Scene.open();
    try {
      // What there is already makes the same good input bad.
      scene.account.call('ssm', 'PutParameter', { Name: '/touch/a', Value: '1', Type: 'String' });
      const { code, stdout } = await run('--endpoint-url', scene.url, '--json');
      expect(code).toBe(1);
      const wrong = JSON.parse(stdout).filter(({ problem }: { problem?: string }) => problem !== undefined);
      expect(wrong).toMatchObject([{ operation: 'PutParameter', good: 'ParameterAlreadyExists' }]);
    } finally {
      await scene.server.stop();
    }
  });

  it.each([
    [['--sdk', 'cobol'], '--sdk: expected javascript or boto3, got "cobol"'],
    [['--endpoint-url', 'here'], '--endpoint-url: expected http://HOST:PORT, got "here"'],
    [['--fast'], "Unknown option '--fast'"],
  ])('refuses %j with exit code 2 and its usage', async (args, message) => {
    const { code, stderr } = await run(...args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).toContain('Usage: npm run touch');
  });

  it('says of an endpoint where nothing listens that it cannot be reached, with exit code 1', async () => {
    const { code, stderr } = await run('--endpoint-url', 'http://127.0.0.1:9');
    expect(code).toBe(1);
    expect(stderr).toContain('http://127.0.0.1:9');
  });
});
