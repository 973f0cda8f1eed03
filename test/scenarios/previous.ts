import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Handler, Platform, Runtime } from '../../simulator/cloud/lambda/lambda.ts';
import { root } from '../files.ts';
import { packaged } from '../stack/package.ts';
import type { Template } from '../stack/template.ts';

/** A version of the service as it was packaged. */
export interface Version {
  readonly commit: string;
  readonly template: Template;
  /** Finds the bundles of its functions. */
  readonly runtime: Runtime;
}

/** What a version consists of. */
const service = ['functions', 'lib', 'infra', 'serverless.yml', 'package.json', 'package-lock.json'];

/**
 * The version before this one: the last commit whose service differs from the one here. It is packaged once, as it would have
 * been then, with the packages that are installed now. Undefined where git does not know it, as in a shallow clone.
 */
export async function previousVersion(): Promise<Version | undefined> {
  const commit = previousCommit();
  if (commit === undefined) return undefined;
  const folder = join(packaged, 'previous', commit);
  if (!existsSync(folder)) packageInto(folder, commit);
  const template = readFileSync(
    join(folder, '.serverless/cloudformation-template-update-stack.json'),
    'utf8',
  );
  return { commit, template: JSON.parse(template) as Template, runtime: await bundlesIn(folder) };
}

function previousCommit(): string | undefined {
  try {
    if (git('status', '--porcelain', '--', ...service) !== '') return git('rev-parse', 'HEAD');
    const latest = git('log', '-1', '--format=%H', '--', ...service);
    return git('rev-parse', '--verify', '--quiet', `${latest}^`);
  } catch {
    return undefined;
  }
}

const git = (...args: string[]) =>
  execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();

/** Whoever looks meanwhile sees nothing, or all of it. */
function packageInto(folder: string, commit: string): void {
  const draft = `${folder}.${process.pid}`;
  rmSync(join(packaged, 'previous'), { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  const archive = execFileSync('git', ['archive', commit, ...service], { cwd: root, maxBuffer: 1e8 });
  execFileSync('tar', ['-x', '-C', draft], { input: archive });
  symlinkSync(join(root, 'node_modules'), join(draft, 'node_modules'));
  const sls = join(root, 'node_modules/osls/bin/serverless.js');
  execFileSync(process.execPath, [sls, 'package'], { cwd: draft, stdio: 'pipe' });
  dropSourceMaps(join(draft, 'dist'));
  renameSync(draft, folder);
}

/** They name sources that are not there, of which whoever loads a bundle would complain. */
function dropSourceMaps(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, name);
    if (name.endsWith('.map')) rmSync(path);
    if (name.endsWith('.mjs'))
      writeFileSync(path, readFileSync(path, 'utf8').replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n'));
  }
}

async function bundlesIn(folder: string): Promise<Runtime> {
  const { Resources } = JSON.parse(
    readFileSync(join(folder, '.serverless/cloudformation-template-update-stack.json'), 'utf8'),
  ) as Template;
  const handlers = Object.values(Resources).flatMap(({ Properties }) => Properties?.Handler ?? []);
  const found = new Map<string, (platform: Platform) => Handler>();
  for (const handler of handlers.map(String)) {
    const file = join(folder, handler.replace(/\.handler$/, '.mjs'));
    const module = (await import(pathToFileURL(file).href)) as { on: (platform: Platform) => Handler };
    found.set(handler, module.on);
  }
  return (handler) => {
    const on = found.get(handler);
    if (!on) throw new Error(`The version has no handler "${handler}"`);
    return on;
  };
}
