import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

describe('npm run bench', () => {
  it.each([[['nothing']], [[]], [['bundle', 'drain']], [['--fast']]])(
    'refuses %j with exit code 2 and its usage',
    (args) => {
      const run = () =>
        execFileSync(join(root, 'node_modules/.bin/tsx'), ['bench/main.ts', ...args], {
          cwd: root,
          stdio: 'pipe',
        });
      expect(run).toThrow(expect.objectContaining({ status: 2, message: expect.stringContaining('Usage') }));
    },
  );
});
