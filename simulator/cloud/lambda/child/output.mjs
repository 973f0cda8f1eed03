import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** Puts a stream that gives whole lines to `onLine`, at once, in the place of standard output or standard error. */
function replace(name, descriptor, onLine) {
  const decoder = new StringDecoder('utf8');
  let begun = '';
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      begun += typeof chunk === 'string' ? chunk : decoder.write(chunk);
      const lines = begun.split('\n');
      begun = lines.pop();
      for (const line of lines) onLine(line);
      done();
    },
  });
  const output = Object.assign(stream, { fd: descriptor });
  Object.defineProperty(process, name, { value: output, configurable: true, enumerable: true });
  return () => {
    if (begun !== '') onLine(begun);
    begun = '';
  };
}

/** Loggers that write to the descriptors write to the streams. */
function replaceDescriptors() {
  const { write, writeSync } = fs;
  const streamOf = (descriptor) => ({ 1: process.stdout, 2: process.stderr })[descriptor];
  fs.writeSync = (descriptor, data, ...rest) => {
    const stream = streamOf(descriptor);
    if (!stream) return writeSync(descriptor, data, ...rest);
    stream.write(data);
    return Buffer.byteLength(data);
  };
  fs.write = (descriptor, data, ...rest) => {
    if (!streamOf(descriptor)) return write(descriptor, data, ...rest);
    const written = fs.writeSync(descriptor, data);
    setImmediate(() => rest.at(-1)(null, written, data));
  };
}

/** Gives every line that this process writes to `onLine`; the returned function gives what has no end of line yet. */
export function installOutput(onLine) {
  const flushes = [replace('stdout', 1, onLine), replace('stderr', 2, onLine)];
  replaceDescriptors();
  syncBuiltinESMExports();
  return () => {
    for (const flush of flushes) flush();
  };
}
