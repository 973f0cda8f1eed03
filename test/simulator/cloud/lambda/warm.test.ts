import { describe, expect, it } from 'vitest';
import type { Handler } from '../../../../simulator/cloud/lambda/lambda.ts';
import { runs } from '../fixture.ts';
import { deployed, request } from './lambda-fixture.ts';

/** A function whose environments note that their processes are ended; `processes` has one entry for each. */
function withProcesses(run: Handler = async () => null) {
  const processes: { isAlive: boolean; stop(): void }[] = [];
  const here = deployed(
    runs(({ sleep, requestHandler }) => {
      const process = {
        isAlive: true,
        stop: () => {
          process.isAlive = false;
        },
      };
      processes.push(process);
      const handler: Handler = async (event, context) => {
        if (event === 'sleep') await sleep(60_000);
        if (event === 'call') await requestHandler.handle(request);
        return run(event, context);
      };
      return Object.assign(handler, { process });
    }),
  );
  const alive = () => processes.map(({ isAlive }) => isAlive);
  return { ...here, processes, alive };
}

describe('an execution environment with a process', () => {
  it('keeps it from one invocation to the next', async () => {
    const { invoke, pass, alive } = withProcesses();
    invoke();
    await pass(599);
    invoke();
    await pass(1);
    expect(alive()).toEqual([true]);
  });

  it('ends it with a timeout', async () => {
    const { invoke, pass, alive, lambda } = withProcesses();
    invoke('sleep');
    await pass(10);
    expect(alive()).toEqual([true]);
    await pass(1);
    expect(alive()).toEqual([false]);
    expect(lambda.invocations.map(({ outcome }) => outcome)).toEqual(['timeout']);
  });

  it('ends it with a crash', async () => {
    const { invoke, pass, alive, lambda } = withProcesses();
    lambda.faults.crash = () => true;
    invoke('call');
    await pass(1);
    expect(alive()).toEqual([false]);
  });

  it('ends it when it was idle for too long, and starts another', async () => {
    const { invoke, pass, alive } = withProcesses();
    invoke();
    await pass(601);
    invoke();
    await pass(1);
    expect(alive()).toEqual([false, true]);
  });

  it('is gone when its process has gone by itself', async () => {
    const { invoke, pass, processes, lambda } = withProcesses();
    invoke();
    await pass(1);
    processes[0]?.stop();
    invoke();
    await pass(1);
    expect(lambda.invocations.map(({ cold, outcome }) => ({ cold, outcome }))).toEqual([
      { cold: true, outcome: 'success' },
      { cold: true, outcome: 'success' },
    ]);
  });

  it('has crashed when its process goes while it runs', async () => {
    const here = withProcesses(async () => {
      here.processes[0]?.stop();
      throw Object.assign(new Error('exit status 1'), { name: 'Runtime.ExitError' });
    });
    here.invoke();
    await here.pass(1);
    expect(here.ended).toEqual([
      { outcome: 'crashed', error: { errorType: 'Runtime.ExitError', errorMessage: 'exit status 1' } },
    ]);
  });

  it('ends it when the function is retired: at once while idle, with its invocation while busy', async () => {
    const { invoke, pass, alive, lambda } = withProcesses();
    invoke('call');
    invoke();
    await pass(0.26);
    expect(lambda.running()).toBe(1);
    lambda.retire('work');
    expect(alive().toSorted()).toEqual([false, true]);
    await pass(1);
    expect(alive()).toEqual([false, false]);
    expect(lambda.invocations.map(({ outcome }) => outcome)).toEqual(['success', 'success']);
    invoke();
    await pass(1);
    expect(alive()).toEqual([false, false, true]);
  });
});

describe('an access key', () => {
  it('is of one environment and no other', async () => {
    const keys: string[] = [];
    const { invoke, pass } = deployed(
      runs(({ environment }) => async () => {
        keys.push(environment.AWS_ACCESS_KEY_ID ?? '');
      }),
    );
    invoke();
    invoke();
    await pass(1);
    invoke();
    await pass(1);
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(2);
    for (const key of keys) expect(key).toMatch(/^ASIA[0-9A-Z]{16}$/);
  });
});
