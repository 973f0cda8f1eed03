import { readdirSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root, textOf, writtenFiles } from './files.ts';

const rooms = ['functions', 'lib', 'simulator', 'demo', 'infra', 'test', 'bench', 'touch'];
const code = writtenFiles().filter((path) => /\.(ts|mjs)$/.test(path));
const inRooms = code.filter((path) => rooms.includes(path.split('/')[0] ?? ''));

/** What a file imports: paths from the root for the project's own files, names for packages and for node: modules. */
function importsOf(path: string, text = textOf(path)): string[] {
  const source = withoutComments(text);
  const found = [
    ...source.matchAll(/^\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]/gm),
    ...source.matchAll(/^\s*import\s*['"]([^'"]+)['"]/gm),
    ...source.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g),
  ];
  return found
    .map((match) => match[1] ?? '')
    .map((name) => (name.startsWith('.') ? posix.join(posix.dirname(path), name) : name));
}

/** The text with every comment blanked out, lines kept; what looks like a comment inside a string stays. */
function withoutComments(text: string): string {
  const tokens = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;
  return text.replace(tokens, (token) => (/^\/[/*]/.test(token) ? token.replace(/[^\n]/g, ' ') : token));
}

const isPackage = (name: string) => !rooms.includes(name.split('/')[0] ?? '') && !name.startsWith('node:');
const isPureLib = (name: string) => /^lib\/[^/]+\.ts$/.test(name) && name !== 'lib/lambda.ts';
const isEngine = (name: string) => name.startsWith('@middy/') || name.startsWith('@aws-lambda-powertools/');
const isSdk = (name: string) => name.startsWith('@aws-sdk/') || name.startsWith('@smithy/');
const isIn =
  (...names: string[]) =>
  (name: string) =>
    names.includes(name.split('/')[0] ?? '');

/** The first rule whose `files` fit is the one for a file. */
const importRules: readonly { why: string; files: RegExp; may: (name: string) => boolean }[] = [
  {
    why: 'a function is a shell around lib',
    files: /^functions\//,
    may: (name) => isIn('lib')(name) || name === 'aws-lambda',
  },
  {
    why: 'lib/lambda.ts is the only importer of middy and Powertools, and does not know the SDK',
    files: /^lib\/lambda\.ts$/,
    may: (name) => isIn('lib')(name) || isEngine(name) || name.startsWith('node:') || name === 'aws-lambda',
  },
  {
    why: 'lib/aws is the only importer of the AWS SDK, and knows no engine',
    files: /^lib\/aws\//,
    may: (name) => (isIn('lib')(name) && name !== 'lib/lambda.ts') || isSdk(name) || name.startsWith('node:'),
  },
  {
    why: 'the doors of lib may use valibot beside the pure modules',
    files: /^lib\/(events|inbox|ledger|policy|request|signal)\.ts$/,
    may: (name) => isPureLib(name) || name === 'valibot',
  },
  { why: 'a decision imports pure modules of lib only', files: /^lib\//, may: isPureLib },
  {
    why: 'the simulator knows AWS and nothing of our rules',
    files: /^simulator\//,
    may: (name) =>
      isIn('simulator')(name) || name.startsWith('node:') || (isPackage(name) && !isEngine(name)),
  },
  {
    why: 'the demo shows the simulator; it finds the functions by their path, at run time',
    files: /^demo\//,
    may: (name) => isIn('simulator', 'demo')(name) || name.startsWith('node:') || isPackage(name),
  },
  {
    why: 'touch calls the local AWS from outside, over HTTP, and starts it at most',
    files: /^touch\//,
    may: (name) =>
      isIn('touch', 'demo')(name) ||
      ['simulator/server.ts', 'simulator/site.ts'].includes(name) ||
      name.startsWith('node:') ||
      isSdk(name),
  },
  {
    why: 'infra builds what is deployed, out of packages',
    files: /^infra\//,
    may: (name) => isIn('infra')(name) || name.startsWith('node:') || isPackage(name),
  },
  {
    why: 'only tests import tests',
    files: /^(?!test\/)/,
    may: (name) => !isIn('test')(name),
  },
  { why: 'tests import whatever they test', files: /^test\//, may: () => true },
];

const ruleFor = (path: string) => importRules.find(({ files }) => files.test(path));

const forbiddenImports = (path: string, text?: string) => {
  const rule = ruleFor(path);
  return importsOf(path, text)
    .filter((name) => !rule?.may(name))
    .map((name) => `${path} imports ${name}: ${rule?.why}`);
};

describe('imports', () => {
  it('go only where the house allows', () => {
    expect(code.flatMap((path) => forbiddenImports(path))).toEqual([]);
  });

  it.each([
    ['simulator/ecs/ecs.ts', `import type { Task } from '../../lib/departure.ts';`],
    ['simulator/world.ts', `import { release } from '../functions/release.ts';`],
    ['lib/departure.ts', `import { ECSClient } from '@aws-sdk/client-ecs';`],
    ['lib/departure.ts', `import { createHash } from 'node:crypto';`],
    ['lib/departure.ts', `import { ecs } from './aws/ecs.ts';`],
    ['lib/budget.ts', `export { lambda } from './lambda.ts';`],
    ['lib/aws/ecs.ts', `import middy from '@middy/core';`],
    ['lib/lambda.ts', `import { SQSClient } from '@aws-sdk/client-sqs';`],
    ['functions/admit.ts', `import {\n  ECSClient,\n} from '@aws-sdk/client-ecs';`],
    ['functions/admit.ts', `import { World } from '../simulator/world.ts';`],
    ['demo/main.ts', `import { decide } from '../lib/departure.ts';`],
    ['demo/main.ts', `const story = await import('../test/scenarios/story.ts');`],
    ['touch/steps.ts', `import { Account } from '../simulator/account.ts';`],
    ['infra/build.mjs', `import '../lib/events.ts';`],
  ])('are found out where they are not allowed: %s: %s', (path, text) => {
    expect(forbiddenImports(path, text)).toHaveLength(1);
  });
});

/** The one place where clock, chance, environment and streams of the real world come in. */
const platforms = ['lib/lambda.ts', 'lib/aws/connect.ts'];
/** The server's virtual time follows the real one, and sleeps until something is due. */
const realTime = 'simulator/clock.ts';
/** The server's command, which prints. */
const command = 'simulator/main.ts';

/**
 * Files of the process that a function of the local AWS runs in: they put virtual time, seeded chance and an output of the
 * world's in the place of the machine's.
 */
const child = (...names: string[]) => names.map((name) => `simulator/cloud/lambda/child/${name}.mjs`);

/** Ends a process that gives no sign of life, after so long in real time. */
const processOwner = 'simulator/cloud/lambda/process.ts';

const ambient: readonly { what: string; pattern: RegExp; files: RegExp; except: readonly string[] }[] = [
  {
    what: 'the clock',
    pattern: /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b|\bprocess\.(?:hrtime|uptime)\b/,
    files: /^(simulator|lib|functions)\//,
    except: [...platforms, ...child('clock'), realTime],
  },
  {
    what: 'chance',
    pattern: /\bMath\.random\b|\brandomUUID\b|\brandomBytes\b|\brandomInt\b|\bgetRandomValues\b/,
    files: /^(simulator|lib|functions)\//,
    except: [...platforms, ...child('chance')],
  },
  {
    what: 'timers',
    pattern: /\bset(?:Timeout|Interval)\b|\btimers\/promises\b/,
    files: /^(simulator|lib|functions)\//,
    except: [...platforms, processOwner, ...child('clock', 'network'), realTime],
  },
  {
    what: 'the event loop',
    pattern: /\bsetImmediate\b|\bnextTick\b/,
    files: /^(simulator|lib|functions)\//,
    except: ['simulator/world.ts', ...child('bootstrap', 'chance', 'clock', 'network', 'output')],
  },
  {
    what: 'the environment',
    pattern: /\bprocess\.env\b/,
    files: /^(simulator|lib|functions|demo|infra)\//,
    except: [...platforms, 'demo/main.ts'],
  },
  {
    what: 'output of its own',
    pattern: /\bconsole\.\w|\bprocess\.std(?:out|err)\b/,
    files: /^(simulator|lib|functions)\//,
    except: [...platforms, ...child('bootstrap', 'output'), command],
  },
];

const usesOf = (path: string, text: string) =>
  withoutComments(text)
    .split('\n')
    .flatMap((line, index) =>
      ambient
        .filter(
          ({ pattern, files, except }) => files.test(path) && !except.includes(path) && pattern.test(line),
        )
        .map(({ what }) => `${path}:${index + 1} uses ${what}: ${line.trim()}`),
    );

describe('time, chance and environment', () => {
  it('come in as values, never from around the code', () => {
    expect(code.flatMap((path) => usesOf(path, textOf(path)))).toEqual([]);
  });

  it.each([
    ['simulator/ecs/ecs.ts', 'const now = Date.now();'],
    ['simulator/ecs/ecs.ts', 'const now = new Date().getTime();'],
    ['simulator/ecs/ecs.ts', 'const id = randomUUID();'],
    ['simulator/agenda.ts', 'await new Promise(setImmediate);'],
    ['lib/departure.ts', 'if (Math.random() < 0.5) return;'],
    ['functions/admit.ts', 'setTimeout(() => undefined, 5);'],
    ['functions/admit.ts', 'const url = process.env.LANE_URL;'],
    ['demo/cluster.ts', 'const colour = process.env.NO_COLOR;'],
  ])('are found out where they do: %s: %s', (path, line) => {
    expect(usesOf(path, line)).toHaveLength(1);
  });

  it('are not seen in comments, nor in a Date made from a value', () => {
    expect(
      usesOf('simulator/x.ts', '// Date.now() is not used\nconst at = new Date(now); /* Math.random */'),
    ).toEqual([]);
  });
});

describe('files', () => {
  it('have a name that says what is in them', () => {
    const vague = /^(utils?|helpers?|common|shared|types|misc|index|lib)\./;
    expect(inRooms.filter((path) => vague.test(posix.basename(path)))).toEqual([]);
  });

  it('have at most 300 lines, and tables of tests at most 450', () => {
    const lineCount = (path: string) => textOf(path).trimEnd().split('\n').length;
    const long = inRooms.filter((path) => lineCount(path) > (path.endsWith('.test.ts') ? 450 : 300));
    expect(long.map((path) => `${path} has ${lineCount(path)} lines`)).toEqual([]);
  });

  it('fill the room they stand in: no folder is empty', () => {
    expect(emptyFolders('')).toEqual([]);
  });
});

function emptyFolders(under: string): string[] {
  const entries = readdirSync(join(root, under), { withFileTypes: true });
  if (entries.length === 0) return [under];
  return entries
    .filter(
      (entry) =>
        entry.isDirectory() && !['node_modules', '.git', '.serverless', '.demo', 'dist'].includes(entry.name),
    )
    .flatMap((entry) => emptyFolders(posix.join(under, entry.name)));
}

/** Functions by the indentation that the formatter gives them: name of the line they begin on, and their length. */
function functionsOf(text: string): { line: number; length: number }[] {
  const lines = text.split('\n');
  return lines.flatMap((line, index) => {
    const [indent = ''] = /^ */.exec(line) ?? [];
    const begins =
      /^ *(export )?(default )?(async )?function\b.*\{$/.test(line) ||
      /=> \{$/.test(line) ||
      /^ *\)(: .*)? \{$/.test(line) ||
      /^ +((private|protected|public|static|async|override|get|set) )*(?!(if|for|while|switch|catch)\b)\w+\(.*\{$/.test(
        line,
      );
    if (!begins || /^ *(describe|suite)\b/.test(line)) return [];
    const end = lines.findIndex((other, at) => at > index && other.startsWith(`${indent}}`));
    return [{ line: index + 1, length: (end < 0 ? lines.length : end) - index + 1 }];
  });
}

describe('functions', () => {
  it('have at most 70 lines', () => {
    const long = inRooms.flatMap((path) =>
      functionsOf(textOf(path))
        .filter(({ length }) => length > 70)
        .map(({ line, length }) => `${path}:${line} has ${length} lines`),
    );
    expect(long).toEqual([]);
  });

  it.each([
    ['a function', 'export function long() {', '}'],
    ['a method', '  private async long(one: string): Promise<void> {', '  }'],
    ['an arrow', 'const long = async (one: string) => {', '};'],
    ['a signature over several lines', '): void {', '}'],
  ])('are measured: %s', (_, head, foot) => {
    const body = Array.from({ length: 69 }, () => '      work();');
    expect(functionsOf([head, ...body, foot].join('\n'))).toEqual([{ line: 1, length: 71 }]);
  });
});
