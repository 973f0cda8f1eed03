import type { Sheet } from '../sheet.ts';
import type { DrainRow } from './drain.ts';

const shortest = new Intl.NumberFormat('en', { maximumFractionDigits: 2, useGrouping: false });

/** One run a line: what was asked, then what came of it for each departure, then the whole. */
export function drainSheet(rows: readonly DrainRow[]): Sheet {
  return {
    head: [
      'strategy',
      'drain s',
      'at once',
      'of',
      'events',
      'early',
      'killed',
      'own p99 s',
      'late max s',
      'invocations',
      'billed s',
      'calls',
      'sweep',
      'throttled',
    ],
    lines: rows.map((row) => [
      row.strategy,
      ...[row.drainSeconds, row.simultaneous, row.instances].map(String),
      row.events,
      ...[row.releasedEarly, row.tasksKilled].map(String),
      ...[row.latenessOwnSecondsP99, row.latenessSecondsMax].map((value) => shortest.format(value)),
      ...[
        row.invocations / row.simultaneous,
        row.billedSeconds / row.simultaneous,
        row.apiCalls / row.simultaneous,
      ].map((value) => shortest.format(value)),
      String(row.apiCallsSweep),
      String(row.throttles),
    ]),
    notes: [
      '',
      'early, killed: departures, tasks. invocations, billed s, calls: a departure, the sweep apart.',
    ],
  };
}
