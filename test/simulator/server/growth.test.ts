import { execFile } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { root } from '../../files.ts';

/** Most of what five more hours may add to the heap; an account that forgets nothing adds ten times as much (bytes). */
const growthMax = 4 << 20;

describe('the memory of a server', () => {
  it('stays what it is, however long tasks, instances and requests come and go', async () => {
    const args = ['--expose-gc', '--import', 'tsx', 'test/simulator/server/growth.ts'];
    const stdout = await new Promise<string>((done, failed) => {
      execFile(process.execPath, args, { cwd: root }, (error, out, err) =>
        error || err ? failed(new Error(err || String(error))) : done(out),
      );
    });
    const { before, after, tasksBefore, tasksAfter } = JSON.parse(stdout);
    expect(tasksBefore).toBeGreaterThan(400);
    expect(tasksAfter).toBeLessThan(tasksBefore * 1.1);
    expect(after - before).toBeLessThan(growthMax);
  }, 180_000);
});
