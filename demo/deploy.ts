import { execFile } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Account } from '../simulator/account.ts';
import { Server } from '../simulator/server.ts';
import { openSite } from '../simulator/site.ts';
import { slsEnvironment } from './environment.ts';
import { root } from './install.ts';

/** A local AWS behind a port, with the service deployed into it. */
export interface Deployment {
  readonly account: Account;
  /** Where it answers; undefined: nowhere. */
  readonly url?: string;
  /** Ends the processes of the functions and frees the port. */
  readonly stop: () => Promise<void>;
}

/**
 * Starts a local AWS on a free port and runs `sls deploy` against it: the command and the packages that a user deploys. The
 * functions run in processes of their own. Rejects with what the command printed.
 */
export async function deployService({ seed }: { readonly seed: number }): Promise<Deployment> {
  const opened: Account[] = [];
  const server = await Server.start(
    {
      seed,
      clock: { kind: 'virtual', speed: 1 },
      open: (own, url) => {
        const site = openSite({ seed: own, endpointUrl: url });
        opened.push(site.account);
        return site;
      },
      report: (line) => console.error(line),
    },
    0,
  );
  const stop = () => server.stop();
  try {
    await sls(['deploy'], server.url);
    return { account: opened[0] as Account, url: server.url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Runs the framework's command in the project, against a local AWS only. Rejects with what it printed. */
async function sls(args: readonly string[], endpointUrl: string): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'ecs-steward-home-'));
  const program = realpathSync(join(root, 'node_modules/.bin/sls'));
  const options = { cwd: root, env: slsEnvironment({ endpointUrl, home }), maxBuffer: 1 << 26 };
  try {
    await new Promise<void>((done, failed) => {
      execFile(process.execPath, [program, ...args], options, (error, stdout, stderr) => {
        if (error)
          failed(new Error(`sls ${args.join(' ')} failed:\n${stdout}${stderr}`.trimEnd(), { cause: error }));
        else done();
      });
    });
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}
