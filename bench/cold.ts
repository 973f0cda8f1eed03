import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { closureBytes } from './bundle.ts';
import type { Sheet } from './sheet.ts';

const root = resolve(fileURLToPath(import.meta.url), '../..');
const runs = 11;

/** What one function loads before its handler can run, as it is packaged and as its own files beside their packages. */
export interface ColdRow {
  readonly function: string;
  readonly closureKb: number;
  readonly closureUnbundledKb: number;
  /** Import in a fresh process, without the start of Node.js; the median. */
  readonly importMs: number;
  readonly importUnbundledMs: number;
  /** Bundled over unbundled. */
  readonly importRatio: number;
}

/** Both kinds of import alternate in one run: the machine is noisy, their ratio is not. */
export async function cold(onProgress: (text: string) => void): Promise<ColdRow[]> {
  onProgress('bundling');
  execFileSync(process.execPath, [join(root, 'infra/build.mjs')], { cwd: root });
  // Within the project, so that packages are found.
  const folder = mkdtempSync(join(root, 'dist', '.unbundled-'));
  try {
    transpile(folder);
    const names = readdirSync(join(folder, 'functions')).map((file) => file.replace(/\.js$/, ''));
    const rows: ColdRow[] = [];
    for (const name of names) {
      onProgress(`importing ${name}, ${runs} times bundled and ${runs} times unbundled`);
      rows.push(await rowOf(name, folder));
    }
    return rows;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The functions and what they import of this project, file by file as JavaScript. */
function transpile(folder: string): void {
  const tsc = join(root, 'node_modules/.bin/tsc');
  const emit = [
    '--noEmit',
    'false',
    '--rewriteRelativeImportExtensions',
    '--rootDir',
    '.',
    '--outDir',
    folder,
  ];
  const files = readdirSync(join(root, 'functions')).map((file) => join('functions', file));
  execFileSync(tsc, ['--ignoreConfig', ...compilerOptions, ...emit, ...files], { cwd: root, stdio: 'pipe' });
}
const compilerOptions = [
  ...['--target', 'es2023', '--lib', 'es2024,esnext.collection', '--module', 'nodenext', '--types', 'node'],
  ...['--skipLibCheck', '--verbatimModuleSyntax', '--allowImportingTsExtensions', '--noCheck'],
];

async function rowOf(name: string, folder: string): Promise<ColdRow> {
  const bundled = join(root, 'dist', name, 'index.mjs');
  const unbundled = join(folder, 'functions', `${name}.js`);
  const times = Array.from({ length: runs }, () => [importMs(bundled), importMs(unbundled)] as const);
  const fast = median(times.map(([ms]) => ms));
  const slow = median(times.map(([, ms]) => ms));
  return {
    function: name,
    closureKb: Math.round(closureBytes(bundled) / 1024),
    closureUnbundledKb: Math.round((await unbundledBytes(unbundled)) / 1024),
    importMs: Math.round(fast),
    importUnbundledMs: Math.round(slow),
    importRatio: Math.round((100 * fast) / slow) / 100,
  };
}

/** Imports a module in a process of its own and gives what that took (milliseconds). */
function importMs(path: string): number {
  const code = `const at = performance.now(); await import(${JSON.stringify(pathToFileURL(path).href)}); process.stdout.write(String(performance.now() - at)); process.exit(0);`;
  const args = ['--no-warnings', '--input-type=module', '-e', code];
  return Number(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' }));
}

/** Bytes of all modules that the module's static imports lead to, resolved as Node.js does. */
async function unbundledBytes(path: string): Promise<number> {
  const { metafile } = await build({
    entryPoints: [path],
    bundle: true,
    // What is loaded later stays out, as in the bundles.
    splitting: true,
    outdir: join(root, 'dist'),
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    treeShaking: false,
    logLevel: 'silent',
  });
  const inputs = new Set<string>();
  const visit = (input: string) => {
    if (inputs.has(input)) return;
    inputs.add(input);
    for (const { path: next, kind, external } of metafile.inputs[input]?.imports ?? [])
      if (kind !== 'dynamic-import' && !external) visit(next);
  };
  const entry = Object.values(metafile.outputs).find(
    ({ entryPoint }) => entryPoint !== undefined,
  )?.entryPoint;
  if (entry === undefined) throw new Error(`esbuild names no entry point for ${path}`);
  visit(entry);
  return [...inputs].reduce((sum, input) => sum + statSync(resolve(input)).size, 0);
}

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** One function a line. */
export const coldSheet = (rows: readonly ColdRow[]): Sheet => ({
  head: ['function', 'closure', 'unbundled', 'import', 'unbundled', 'ratio'],
  lines: rows.map((row) => [
    row.function,
    `${row.closureKb} KB`,
    `${row.closureUnbundledKb} KB`,
    `${row.importMs} ms`,
    `${row.importUnbundledMs} ms`,
    String(row.importRatio),
  ]),
});
