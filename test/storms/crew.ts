import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { root } from '../files.ts';
import type { Plan } from './plan.ts';
import type { Outcome } from './storm.ts';

type Answer = { readonly outcome: Outcome } | { readonly error: string };

/** Plays a plan in another process. Rejects where the storm itself could not be played, which is a fault of ours. */
export type Player = (plan: Plan) => Promise<Outcome>;

/** A process that plays storms with the functions of a copy of the project, or of the project itself. */
export async function hire(project = root): Promise<{ readonly play: Player; readonly dismiss: () => void }> {
  const child = fork(join(project, 'test/storms/worker.ts'), {
    execArgv: ['--import', join(root, 'node_modules/tsx/dist/loader.mjs')],
    env: { ...process.env, NODE_NO_WARNINGS: '1', AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let said = '';
  child.stderr?.on('data', (chunk) => {
    said += chunk;
  });
  const died = once(child, 'exit').then(([code]) => {
    throw new Error(`a process of the storms ended with ${code}:\n${said}`);
  });
  died.catch(() => {});
  await Promise.race([once(child, 'message'), died]);
  return { play: (plan) => Promise.race([ask(child, plan), died]), dismiss: () => void child.kill() };
}

async function ask(child: ChildProcess, plan: Plan): Promise<Outcome> {
  child.send({ plan });
  const [answer] = (await once(child, 'message')) as [Answer];
  if ('outcome' in answer) return answer.outcome;
  throw new Error(`the storm of seed ${plan.seed} could not be played: ${answer.error}`);
}

/** Plays every plan, as many at a time as there are players; `onOutcome` hears of each, and says whether to go on. */
export async function playAll(
  players: readonly Player[],
  plans: Iterable<Plan>,
  onOutcome: (plan: Plan, outcome: Outcome) => boolean,
): Promise<void> {
  const rest = plans[Symbol.iterator]();
  let goesOn = true;
  const work = async (play: Player) => {
    for (let next = rest.next(); goesOn && !next.done; next = rest.next()) {
      const outcome = await play(next.value);
      goesOn &&= onOutcome(next.value, outcome);
    }
  };
  await Promise.all(players.map(work));
}
