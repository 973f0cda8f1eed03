import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Account, type AccountOptions } from '../simulator/account.ts';
import type { Handler, Platform, Runtime } from '../simulator/cloud/lambda/lambda.ts';

/** The project's own directory. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const templatePath = join(root, '.serverless/cloudformation-template-update-stack.json');
const functionNames = ['admit', 'release', 'interrupt', 'sweep', 'rebalance', 'uninstall'];

/** Runs `sls package`: bundles the functions and writes the compiled template. Rejects with what it printed. */
export function packageService(): Promise<void> {
  const sls = join(root, 'node_modules/.bin/sls');
  return new Promise((done, failed) => {
    execFile(sls, ['package'], { cwd: root }, (error, stdout, stderr) => {
      if (error) failed(new Error(`sls package failed:\n${stdout}${stderr}`, { cause: error }));
      else done();
    });
  });
}

/** The compiled template that `sls package` wrote last. */
export function packagedTemplate(): unknown {
  return JSON.parse(readFileSync(templatePath, 'utf8'));
}

/**
 * The functions from source, found by the handler names of the template: `dist/admit/index.handler` is bundled from
 * functions/admit.ts, whose `on(platform)` builds the handler for one execution environment.
 */
export async function functionsFromSource(): Promise<Runtime> {
  const found = new Map<string, (platform: Platform) => Handler>();
  for (const name of functionNames) {
    const module = (await import(pathToFileURL(join(root, `functions/${name}.ts`)).href)) as {
      on: (platform: Platform) => Handler;
    };
    found.set(`dist/${name}/index.handler`, module.on);
  }
  return (handler) => {
    const on = found.get(handler);
    if (!on) throw new Error(`No source for handler "${handler}"; there is ${[...found.keys()].join(', ')}`);
    return on;
  };
}

/** An account with the packaged stack installed and its functions running from source. */
export async function accountWithSteward(options: AccountOptions): Promise<Account> {
  const account = new Account(options);
  account.install(packagedTemplate(), await functionsFromSource());
  return account;
}
