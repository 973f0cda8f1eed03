import { AsyncResource } from 'node:async_hooks';
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers';
import timersPromises from 'node:timers/promises';
import { promisify } from 'node:util';

const RealDate = Date;
const delayMsMax = 2 ** 31 - 1;

/** Virtual time of this process (milliseconds since the epoch): it stands still until the world says otherwise. */
let now = 0;
let beganAt = 0;
let made = 0;
const waiting = new Map();

/** The virtual time. */
export const time = () => now;

/** Sets the clock; it never goes back. */
export function setTime(milliseconds) {
  now = Math.max(now, milliseconds);
}

/** When the next timer is due; undefined: there is none. */
export function nextTimerAt() {
  return waiting.size === 0 ? undefined : Math.min(...[...waiting.values()].map(({ dueAt }) => dueAt));
}

/** Whether a timer waits that would keep a process alive. */
export const isTimerWaiting = () => [...waiting.values()].some((timer) => timer.hasRef());

/**
 * Runs every timer that is due, in the order of their times. Each has a turn of its own, as in Node.js: what one of them
 * resolves goes on before the next.
 */
export function runDueTimers() {
  const due = [...waiting.values()].filter(({ dueAt }) => dueAt <= now);
  due.sort((a, b) => a.dueAt - b.dueAt || a.order - b.order);
  for (const timer of due) setImmediate(() => timer.run());
}

/** What setTimeout and setInterval return. */
class Timer extends AsyncResource {
  #callback;
  #delayMs;
  #repeats;
  #keepsAlive = true;

  constructor(callback, delay, repeats) {
    super('Timeout');
    if (typeof callback !== 'function')
      throw Object.assign(new TypeError('The "callback" argument must be of type function.'), {
        code: 'ERR_INVALID_ARG_TYPE',
      });
    this.#callback = callback;
    this.#delayMs = delay >= 1 && delay <= delayMsMax ? Math.trunc(delay) : 1;
    this.#repeats = repeats;
    this.refresh();
  }

  refresh() {
    this.dueAt = now + this.#delayMs;
    this.order = made++;
    this.id ??= this.order + 1;
    waiting.set(this.id, this);
    return this;
  }

  run() {
    if (waiting.get(this.id) !== this || this.dueAt > now) return;
    waiting.delete(this.id);
    try {
      this.runInAsyncScope(this.#callback, this);
    } finally {
      if (this.#repeats) this.refresh();
    }
  }

  close() {
    this.#repeats = false;
    waiting.delete(this.id);
    return this;
  }

  ref() {
    this.#keepsAlive = true;
    return this;
  }

  unref() {
    this.#keepsAlive = false;
    return this;
  }

  hasRef() {
    return this.#keepsAlive;
  }

  [Symbol.toPrimitive]() {
    return this.id;
  }

  [Symbol.dispose ?? Symbol('dispose')]() {
    this.close();
  }
}

const setTimeout = (callback, delay, ...args) =>
  new Timer(args.length === 0 ? callback : bound(callback, args), delay, false);
const setInterval = (callback, delay, ...args) =>
  new Timer(args.length === 0 ? callback : bound(callback, args), delay, true);
const bound = (callback, args) => (typeof callback === 'function' ? () => callback(...args) : callback);

function clearTimer(timer) {
  const known = timer instanceof Timer ? timer : waiting.get(Number(timer));
  known?.close();
}

/** `setTimeout` of timers/promises. */
function delay(delayMs, value, { signal, ref = true } = {}) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(aborted(signal));
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve(value);
    }, delayMs);
    if (!ref) timer.unref();
    const onAbort = () => {
      timer.close();
      reject(aborted(signal));
    };
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

const aborted = ({ reason }) =>
  Object.assign(new Error('The operation was aborted', { cause: reason }), {
    name: 'AbortError',
    code: 'ABORT_ERR',
  });

/** `setInterval` of timers/promises. */
async function* ticks(delayMs, value, options) {
  for (;;) yield await delay(delayMs, value, options);
}

function abortAfter(delayMs) {
  const controller = new AbortController();
  const expired = new DOMException('The operation was aborted due to timeout', 'TimeoutError');
  setTimeout(() => controller.abort(expired), delayMs).unref();
  return controller.signal;
}

const VirtualDate = new Proxy(RealDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [now] : args, newTarget),
  apply: () => new RealDate(now).toString(),
});

function hrtime(since) {
  const nanoseconds = hrtime.bigint();
  const [seconds, rest] = [Number(nanoseconds / 1_000_000_000n), Number(nanoseconds % 1_000_000_000n)];
  if (since === undefined) return [seconds, rest];
  const difference = (seconds - since[0]) * 1_000_000_000 + rest - since[1];
  return [Math.floor(difference / 1_000_000_000), difference % 1_000_000_000];
}
hrtime.bigint = () => BigInt(Math.round((now - beganAt) * 1_000_000));

/** Puts virtual time in the place of the clock and of every timer that code of this process can reach. */
export function installClock(startAt) {
  now = startAt;
  beganAt = startAt;
  RealDate.now = time;
  RealDate.prototype.constructor = VirtualDate;
  globalThis.Date = VirtualDate;
  Object.defineProperty(performance, 'now', { value: () => now - beganAt, configurable: true });
  Object.defineProperty(performance, 'timeOrigin', { value: beganAt, configurable: true });
  process.hrtime = hrtime;
  process.uptime = () => (now - beganAt) / 1000;
  setTimeout[promisify.custom] = delay;
  const replaced = { setTimeout, setInterval, clearTimeout: clearTimer, clearInterval: clearTimer };
  Object.assign(globalThis, replaced);
  Object.assign(timers, replaced);
  Object.assign(timersPromises, { setTimeout: delay, setInterval: ticks });
  Object.defineProperty(timersPromises.scheduler, 'wait', {
    value: (delayMs, options) => delay(delayMs, undefined, options),
    configurable: true,
  });
  AbortSignal.timeout = abortAfter;
  syncBuiltinESMExports();
}
