import { execFile } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { coloursFor } from '../../demo/colours.ts';
import { copyOfProject, root } from '../files.ts';
import { change } from './change.ts';
import { type Sabotage, sabotages } from './sabotages.ts';

/** What became of one sabotage: the tests that turned red, or why it proves nothing. */
interface Verdict {
  readonly sabotage: Sabotage;
  readonly redTests: readonly string[];
  readonly problem?: string;
}

const help = `Usage: npm run prove -- [--only TEXT] [--tests-are-green] [--json]

Breaks one rule at a time in a copy of the project and shows that the test named for it turns red.
With --tests-are-green it does not run the tests first to see whether they are.
Exit code 0: every broken rule was noticed. 1: one was not. 2: bad arguments.`;

interface TestFile {
  readonly name: string;
  readonly status: string;
  readonly message: string;
  readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
}

/** What a run of tests said; a test that was left out is neither red nor green. */
interface Outcome {
  readonly redTests: readonly string[];
  readonly greenTests: readonly string[];
  readonly problem?: string;
}

/** A file that fails before its first test, in an import or a hook, counts as one red test of its own. */
function redTestsOf({ name, status, assertionResults }: TestFile): string[] {
  const red = assertionResults.filter((test) => test.status === 'failed').map(({ fullName }) => fullName);
  return red.length === 0 && status === 'failed' ? [basename(name)] : red;
}

const colours = coloursFor(process.stdout, process.env);
const aside = coloursFor(process.stderr, process.env);

const inRegExp = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

/**
 * Runs test files in a copy: all tests, or those whose name holds `by`, up to the first red one. Gives the names of red
 * and green tests, or a problem when none could run.
 */
function runTests(copy: string, files: readonly string[], by?: string): Promise<Outcome> {
  const report = join(copy, 'report.json');
  rmSync(report, { force: true });
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const which = by === undefined ? [] : ['--bail=1', `--testNamePattern=${inRegExp(by)}`];
  const args = [vitest, 'run', ...which, '--reporter=json', `--outputFile=${report}`, ...files];
  return new Promise((done) => {
    execFile(
      process.execPath,
      args,
      { cwd: copy, maxBuffer: 64 * 1024 * 1024 },
      (_error, _stdout, stderr) => {
        try {
          const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
            testResults: TestFile[];
          };
          const nonsense = testResults.find(({ message }) =>
            /Transform failed|SyntaxError|ReferenceError/.test(message),
          );
          const passed = testResults.flatMap(({ assertionResults }) =>
            assertionResults.filter(({ status }) => status === 'passed').map(({ fullName }) => fullName),
          );
          done(
            nonsense
              ? { redTests: [], greenTests: [], problem: nonsense.message }
              : { redTests: testResults.flatMap(redTestsOf), greenTests: passed },
          );
        } catch {
          done({
            redTests: [],
            greenTests: [],
            problem: stderr.trim().split('\n').slice(-5).join('\n') || 'no test ran',
          });
        }
      },
    );
  });
}

/** Applies one sabotage to a copy, runs its tests, and puts the file back. */
async function prove(copy: string, sabotage: Sabotage): Promise<Verdict> {
  let undo: () => void;
  try {
    undo = change(copy, [sabotage]);
  } catch (error) {
    return { sabotage, redTests: [], problem: (error as Error).message };
  }
  const { redTests, problem } = await runTests(copy, sabotage.tests, sabotage.by);
  undo();
  if (problem !== undefined) return { sabotage, redTests, problem };
  return { sabotage, redTests: redTests.filter((name) => name.includes(sabotage.by)) };
}

function line({ sabotage, redTests, problem }: Verdict): string {
  if (problem !== undefined) return `${colours.red('BROKEN ')} ${sabotage.broken}\n          ${problem}`;
  if (redTests.length === 0) return `${colours.red('UNSEEN ')} ${sabotage.broken} (${sabotage.file})`;
  return `${colours.green('noticed')} ${sabotage.broken}\n          ${colours.dim(`by "${redTests[0]}"`)}`;
}

/** Breaks the chosen rules one after the other, in as many copies at a time as there are. */
async function proveAll(
  copies: readonly string[],
  chosen: readonly Sabotage[],
  onVerdict: (verdict: Verdict, count: number) => void,
): Promise<Verdict[]> {
  const waiting = [...chosen];
  const verdicts: Verdict[] = [];
  const work = async (copy: string) => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const verdict = await prove(copy, next);
      onVerdict(verdict, verdicts.push(verdict));
    }
  };
  await Promise.all(copies.map(work));
  return verdicts;
}

/** Why nothing can be proved: a test is red as it is, or is not there. Undefined where all is well. */
async function faultBefore(copy: string, chosen: readonly Sabotage[]): Promise<string | undefined> {
  const untouched = await runTests(copy, [...new Set(chosen.flatMap(({ tests }) => tests))]);
  if (untouched.redTests.length > 0 || untouched.problem)
    return `Red before anything is broken: ${untouched.problem ?? untouched.redTests.join(', ')}`;
  const { greenTests } = untouched;
  const nameless = chosen.filter(({ by }) => !greenTests.some((name) => name.includes(by)));
  if (nameless.length === 0) return undefined;
  return `There is no such test: ${nameless.map(({ by }) => `"${by}"`).join(', ')}`;
}

async function run(chosen: readonly Sabotage[], isJson: boolean, isGreen: boolean): Promise<number> {
  const copies = [copyOfProject(), copyOfProject()] as const;
  try {
    if (!isJson && !isGreen) console.log(colours.dim('first everything as it is: all tests must be green'));
    const fault = isGreen ? undefined : await faultBefore(copies[0], chosen);
    if (fault !== undefined) {
      console.error(aside.red(fault));
      return 1;
    }
    const verdicts = await proveAll(copies, chosen, (verdict, count) => {
      if (!isJson) console.log(`${String(count).padStart(3)}/${chosen.length} ${line(verdict)}`);
    });
    const noticed = verdicts.filter(({ redTests }) => redTests.length > 0).length;
    if (isJson) console.log(JSON.stringify({ sabotages: chosen.length, noticed, verdicts }));
    else console.log(`\n${noticed} of ${chosen.length} broken rules were noticed.`);
    return noticed === chosen.length ? 0 : 1;
  } finally {
    for (const copy of copies) rmSync(copy, { recursive: true, force: true });
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      'tests-are-green': { type: 'boolean' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(help);
    return 0;
  }
  const chosen = sabotages.filter(({ broken, file }) => `${broken} ${file}`.includes(values.only ?? ''));
  if (chosen.length > 0) return run(chosen, values.json ?? false, values['tests-are-green'] ?? false);
  throw new TypeError(`--only: expected a part of what is broken or of a file's name, got "${values.only}"`);
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(aside.red(error instanceof Error ? error.message : String(error)));
    const isBadArgument = error instanceof TypeError;
    if (isBadArgument) console.error(`\n${help}`);
    process.exitCode = isBadArgument ? 2 : 1;
  },
);
