import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Where the packaged service lies: what `sls package` writes. */
export const packaged = join(root, '.serverless');

const templateName = 'cloudformation-template-update-stack.json';

/** The compiled template that a deployment would hand to CloudFormation. */
export const templatePath = join(packaged, templateName);

const description = ['serverless.yml', 'infra', 'package.json'];
const code = ['functions', 'lib', 'package-lock.json'];

/** Compiles the template before all tests, if what it is made of has changed. Throws what the framework says. */
export default function setup(): void {
  keep('template', description, 'empty functions', (file) => file === templateName);
}

/** Packages the functions, if the packages are older than the code. Throws what the framework or the bundler says. */
export function packageCode(): void {
  keep('code', [...description, ...code], 'real functions', (file) => file.endsWith('.zip'));
}

/** The compiled template for other options than the defaults, such as `--stage=dev` or `--param=clusters=web`, as text. */
export function compileWith(...options: string[]): string {
  return inCopy('empty functions', options, (output) => readFileSync(join(output, templateName), 'utf8'));
}

type Content = 'real functions' | 'empty functions';

/** Packages a copy and keeps some of the files made, unless these inputs have already been packaged. */
function keep(
  what: string,
  inputs: readonly string[],
  content: Content,
  isKept: (file: string) => boolean,
): void {
  const stamp = join(packaged, `${what}.sha256`);
  const fingerprint = fingerprintOf(inputs);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint) return;
  inCopy(content, [], (output) => {
    mkdirSync(packaged, { recursive: true });
    for (const file of readdirSync(output).filter(isKept)) replace(join(output, file), join(packaged, file));
  });
  writeFileSync(stamp, fingerprint);
}

/**
 * Packages a copy of the service: two test runs at once, or a deployment beside one, do not see each other's files.
 * The template does not depend on what is in the functions, so it is compiled with empty ones, which is faster.
 */
function inCopy<T>(content: Content, options: readonly string[], use: (output: string) => T): T {
  const copy = mkdtempSync(join(tmpdir(), 'ecs-steward-package-'));
  try {
    for (const name of description) cpSync(join(root, name), join(copy, name), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    if (content === 'real functions') {
      for (const name of ['functions', 'lib']) symlinkSync(join(root, name), join(copy, name));
    } else {
      mkdirSync(join(copy, 'functions'));
      for (const file of readdirSync(join(root, 'functions')))
        writeFileSync(join(copy, 'functions', file), '');
    }
    return use(slsPackage(copy, options));
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** Runs `sls package` in a folder; gives the folder it wrote to. */
function slsPackage(folder: string, options: readonly string[]): string {
  const sls = join(root, 'node_modules/osls/bin/serverless.js');
  try {
    execFileSync(process.execPath, [sls, 'package', ...options], { cwd: folder, stdio: 'pipe' });
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: Buffer; stderr?: Buffer };
    throw new Error(`sls package failed:\n${stdout}${stderr}`, { cause: error });
  }
  return join(folder, '.serverless');
}

/** Whoever reads the file meanwhile sees the old one or the new one, whole. */
function replace(from: string, to: string): void {
  const draft = `${to}.${process.pid}`;
  copyFileSync(from, draft);
  renameSync(draft, to);
}

function fingerprintOf(inputs: readonly string[]): string {
  const hash = createHash('sha256');
  for (const path of inputs.flatMap(filesUnder))
    hash.update(`${path}\0`).update(readFileSync(join(root, path)));
  return hash.digest('hex');
}

function filesUnder(path: string): string[] {
  if (!statSync(join(root, path)).isDirectory()) return [path];
  const names = readdirSync(join(root, path)).sort();
  return names.flatMap((name) => filesUnder(join(path, name)));
}
