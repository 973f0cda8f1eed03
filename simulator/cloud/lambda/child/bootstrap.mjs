import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { installChance } from './chance.mjs';
import { installClock, isTimerWaiting, nextTimerAt, runDueTimers, setTime, time } from './clock.mjs';
import { findHandler } from './handler.mjs';
import { awaited, installNetwork, isRequestOpen } from './network.mjs';
import { installOutput } from './output.mjs';

/**
 * One execution environment: the Node.js process that a function's code runs in. Before the code is imported, time, chance,
 * network and output become those of the simulated world. The world stands still while this process has anything to do:
 * whatever could still go on by itself keeps the event loop alive, so that `beforeExit` says exactly when all is at rest.
 */
const { channel } = process;
const send = process.send.bind(process);
process.send = undefined;

let heard = 0;
let flush = () => undefined;
let handler;
let isRunning = false;

/** `done` is called when the message has left this process. */
const say = (message, done = () => undefined) => send(message, undefined, undefined, done);
/** From here on the channel does not keep the event loop alive: it ends when there is nothing more to do. */
const wake = () => channel.unref();

process.on('beforeExit', () => {
  if (isRunning && !isRequestOpen() && !isTimerWaiting()) return exitUnfinished();
  say({ say: 'idle', heard, awaiting: awaited(), nextAt: nextTimerAt() });
  channel.ref();
});

process.on('message', (message) => {
  wake();
  heard++;
  setTime(message.now);
  if (message.tell === 'start') start(message);
  else if (message.tell === 'invoke') void invoke(message);
  else runDueTimers();
});

process.on('disconnect', () => process.exit());

/** Makes this process one of the simulated world, and imports the code. */
function start({ now, seed, endpointUrl, accessKeyId, root, handlerName }) {
  installClock(now);
  installChance(seed);
  installNetwork(endpointUrl, accessKeyId, wake);
  // A warning names the process, which is another one in every run.
  const sameIn = (line) => line.replace(`(node:${process.pid})`, '(node:2)');
  flush = installOutput((line) => say({ say: 'line', line: sameIn(line) }));
  // Lambda's user, so that nothing looks for settings in somebody's home on this machine.
  os.homedir = () => '/home/sbx_user1051';
  syncBuiltinESMExports();
  hushVersionWarning();
  process.on('uncaughtException', (error) => die(error, 129));
  process.on('unhandledRejection', (reason) =>
    die(Object.assign(new Error(String(reason)), { name: 'Runtime.UnhandledPromiseRejection' }), 128, reason),
  );
  isRunning = true;
  handler = findHandler(root, handlerName);
  handler.then(
    () => {
      isRunning = false;
    },
    (error) => die(error, 1),
  );
}

/** The SDK warns of the Node.js of this machine, which is not the one that the function's runtime names. */
function hushVersionWarning() {
  const { emitWarning } = process;
  process.emitWarning = (warning, ...rest) => {
    if (!String(warning).startsWith('NodeVersionSupportWarning')) emitWarning.call(process, warning, ...rest);
  };
}

async function invoke({ event, context, deadline }) {
  const code = await handler;
  isRunning = true;
  // What an earlier invocation left behind comes first.
  runDueTimers();
  await new Promise(setImmediate);
  try {
    const getRemainingTimeInMillis = () => Math.max(0, deadline - time());
    const result = await code(event, { ...context, getRemainingTimeInMillis });
    // A rejection that nobody handles goes before the result.
    await new Promise(setImmediate);
    end({ say: 'result', payload: marshal(result) });
  } catch (error) {
    end({ say: 'error', ...describe(error) });
  }
}

function end(message, done) {
  isRunning = false;
  flush();
  say(message, done);
}

function marshal(result) {
  try {
    return JSON.stringify(result) ?? 'null';
  } catch (error) {
    throw Object.assign(new Error(`Unable to stringify response body: ${error}`), {
      name: 'Runtime.MarshalError',
    });
  }
}

function describe(error) {
  if (error instanceof Error) return { errorType: error.name, errorMessage: error.message };
  return { errorType: typeof error, errorMessage: String(error) };
}

/** Reports the error and ends the process with it. */
function die(error, code, cause = error) {
  process.stderr.write(`${cause?.stack ?? cause}\n`);
  end({ say: 'error', ...describe(error) }, () => process.exit(code));
}

/** Nothing that this process waits for can ever come. */
function exitUnfinished() {
  const text = 'The event loop is empty and the handler has not ended: what it waits for never comes';
  end({ say: 'error', errorType: 'Runtime.NodeJsExit', errorMessage: text }, () => process.exit(13));
}
