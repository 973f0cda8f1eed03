import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What the process says; child/bootstrap.mjs is its side. */
export type Said =
  | { readonly say: 'line'; readonly line: string }
  | { readonly say: 'result'; readonly payload: string }
  | { readonly say: 'error'; readonly errorType: string; readonly errorMessage: string }
  | {
      readonly say: 'idle';
      /** How much of what it was told it has heard. */
      readonly heard: number;
      /** The numbers of the requests that it sent and that have no answer. */
      readonly awaiting: readonly number[];
      /** When its next timer is due (virtual milliseconds). */
      readonly nextAt?: number;
    };

/** A process that runs child/bootstrap.mjs. */
export interface RuntimeProcess {
  send(message: Record<string, unknown>): void;
  kill(): void;
}

const bootstrap = fileURLToPath(new URL('./child/bootstrap.mjs', import.meta.url));
const runtimeFolder = fileURLToPath(new URL('./child', import.meta.url));

/**
 * Starts Node.js in `folder` with these environment variables and no others. `onText` gets what Node.js itself writes,
 * `onExit` is called once, when all has been heard, with the reason as Lambda would say it.
 */
export function startRuntime(options: {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly onSaid: (said: Said) => void;
  readonly onText: (line: string) => void;
  readonly onExit: (reason: string) => void;
}): RuntimeProcess {
  const { folder, environment, onSaid, onText, onExit } = options;
  const child = spawn(process.execPath, [bootstrap], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  // A process that nobody waits for does not keep this one from ending.
  child.unref();
  child.channel?.unref();
  child.on('message', onSaid);
  const onData = (text: string) => {
    for (const line of text.split('\n')) if (line !== '') onText(line);
  };
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', onData);
  child.on('error', (error) => onExit(`Runtime exited with error: ${error.message}`));
  child.on('close', (code, signal) => onExit(exitText(code, signal)));
  return {
    send: (message) => void child.send(message, () => undefined),
    kill: () => {
      // Its end is waited for.
      child.ref();
      child.kill('SIGKILL');
    },
  };
}

/** A text of the process with the paths of Lambda in the place of this machine's. */
export function withoutPlaces(text: string, folder: string): string {
  return text.replaceAll(folder, '/var/task').replaceAll(runtimeFolder, '/var/runtime');
}

/** As Lambda says how a runtime ended. */
function exitText(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal !== null) return `Runtime exited with error: signal: ${signalNames[signal] ?? signal}`;
  return code === 0
    ? 'Runtime exited without providing a reason'
    : `Runtime exited with error: exit status ${code}`;
}

const signalNames: Partial<Record<NodeJS.Signals, string>> = {
  SIGKILL: 'killed',
  SIGTERM: 'terminated',
  SIGSEGV: 'segmentation fault',
  SIGABRT: 'aborted',
};
