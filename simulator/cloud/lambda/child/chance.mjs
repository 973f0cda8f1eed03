import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

/** A small generator of 32-bit numbers (sfc32: https://pracrand.sourceforge.net/) from four of them. */
function generator([a, b, c, d]) {
  return () => {
    const sum = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
}

/**
 * Puts seeded chance in the place of Math.random and of the random numbers, bytes and UUIDs of node:crypto and Web Crypto.
 * Keys that are generated stay as they are.
 */
export function installChance(seed) {
  const next = generator(seed);
  for (let round = 0; round < 12; round++) next();

  const fill = (view, offset = 0, size = undefined) => {
    const whole = ArrayBuffer.isView(view)
      ? new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
      : new Uint8Array(view);
    const unit = view.BYTES_PER_ELEMENT ?? 1;
    const bytes = whole.subarray(offset * unit, size === undefined ? undefined : (offset + size) * unit);
    for (let index = 0; index < bytes.length; index++) bytes[index] = next() >>> 24;
    return view;
  };
  const randomUUID = () => {
    const hex = Buffer.from(fill(new Uint8Array(16))).toString('hex');
    const variant = '89ab'[next() >>> 30];
    return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, `$1-$2-4$3-${variant}$4-$5`);
  };
  const fraction = () => ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) / 2 ** 53;
  // Answers at once, or in a later turn where a callback is given, as the functions of node:crypto do.
  const answers = (value, callback) => {
    if (typeof callback !== 'function') return value;
    setImmediate(() => callback(null, value));
    return undefined;
  };
  const randomBytes = (size, callback) => answers(fill(Buffer.alloc(size)), callback);
  const randomInt = (...args) => {
    const callback = typeof args.at(-1) === 'function' ? args.pop() : undefined;
    const [low, high] = args.length === 1 ? [0, args[0]] : args;
    return answers(low + Math.floor(fraction() * (high - low)), callback);
  };
  const randomFill = (view, ...rest) => {
    const callback = rest.pop();
    answers(fill(view, ...rest), callback);
  };

  Math.random = fraction;
  const getRandomValues = (view) => fill(view);
  Object.assign(crypto, { randomUUID, randomBytes, randomInt, randomFill, randomFillSync: fill });
  // The function of that name in node:crypto looks here.
  for (const [name, value] of Object.entries({ randomUUID, getRandomValues }))
    Object.defineProperty(crypto.webcrypto, name, { value, configurable: true });
  Object.defineProperty(crypto, 'pseudoRandomBytes', { value: randomBytes, configurable: true });
  syncBuiltinESMExports();
}
