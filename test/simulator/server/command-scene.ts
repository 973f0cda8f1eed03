import { type ChildProcess, spawn } from 'node:child_process';
import { root } from '../../files.ts';

const running: ChildProcess[] = [];

/** Ends what still runs. */
export function endAll(): void {
  for (const child of running.splice(0)) child.kill('SIGKILL');
}

/** The command as a process, and what it said. */
export const start = (...args: string[]) =>
  run(process.execPath, ['--import', 'tsx', 'simulator/main.ts', ...args]);

/** The same by its script, as whoever operates it calls it. */
export const startByNpm = (...args: string[]) => run('npm', ['run', '--silent', 'aws', '--', ...args]);

function run(file: string, args: readonly string[]) {
  const child = spawn(file, args, { cwd: root });
  running.push(child);
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    said.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    said.stderr += chunk;
  });
  const ended = new Promise<number | null>((done) => child.on('close', done));
  const ready = new Promise<string>((done) =>
    child.stdout.on('data', () => {
      const url = /^ready (\S+)\n/.exec(said.stdout)?.[1];
      if (url) done(url);
    }),
  );
  return { child, said, ended, ready };
}
