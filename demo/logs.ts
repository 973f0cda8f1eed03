import { closeSync, existsSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Account } from '../simulator/account.ts';
import { BadArguments } from './args.ts';

/** The files of `--log`, and the kind of log entry that each holds: what reached the bus, and every API call. */
const files = { 'events.ndjson': 'event', 'calls.ndjson': 'call' } as const;

/** Makes sure that the logs can be written to a folder, which is made if need be. Throws BadArguments. */
export function prepareLogs(folder: string): void {
  try {
    makeFolder(folder);
    // Permissions alone do not tell: a file system may be read-only.
    for (const file of Object.keys(files)) closeSync(openSync(join(folder, file), 'a'));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new BadArguments(`--log: expected a folder that can be written to, got "${folder}" (${why})`, {
      cause: error,
    });
  }
}

/** As `mkdir -p`. The `recursive` of Node.js never returns where a folder refuses a new one with ENOENT, as /proc does. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder);
}

/** Writes the logs from entry `from` on to a folder, one JSON object a line. */
export function writeLogs(account: Account, folder: string, from: number): void {
  for (const [file, kind] of Object.entries(files)) {
    const entries = account.world.log.slice(from).filter((entry) => entry.kind === kind);
    writeFileSync(join(folder, file), entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  }
}
