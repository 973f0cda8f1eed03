import type { Journal } from '../journal.ts';
import type { LogEntry } from '../world.ts';
import { badField } from './input.ts';
import type { Room, Route } from './route.ts';

/** So many entries one answer has, unless asked for fewer or more, and at most. */
const limitUsual = 1000;
const limitMax = 10_000;

type Row = Readonly<Record<string, unknown>>;

/** The journals of the account: the log, the ended invocations, the answered calls. */
export const journalRoutes: Readonly<Record<string, Route>> = {
  events: {
    GET: (room, { query }) => {
      const kind = query.get('kind');
      const isAsked = ({ kind: own }: LogEntry) => kind === null || own === kind;
      return page(
        room,
        query,
        ({ world }) => world.journal,
        ({ time }) => Date.parse(time),
        isAsked,
      );
    },
  },
  invocations: {
    GET: (room, { query }) =>
      page(
        room,
        query,
        ({ lambda }) => lambda.journal,
        ({ endedAt }) => endedAt,
      ),
  },
  calls: {
    GET: (room, { query }) =>
      page(
        room,
        query,
        ({ endpoint }) => endpoint.journal,
        ({ at }) => at,
      ),
  },
};

/**
 * The entries after `since`, a running number or a time, under their numbers. `next` is the `since` that goes on from
 * here; `dropped` says that older ones were asked for and are forgotten.
 */
function page<T extends object>(
  room: Room,
  query: URLSearchParams,
  journalOf: (account: ReturnType<Room['account']>) => Journal<T>,
  timeOf: (entry: T) => number,
  isAsked: (entry: T) => boolean = everything,
): Promise<Row> {
  checkNames(query, isAsked === everything ? ['since', 'limit'] : ['since', 'limit', 'kind']);
  const limit = limitIn(query);
  return room.clock.alone(() => {
    const journal = journalOf(room.account());
    const since = sinceIn(query, journal, timeOf);
    const { found } = journal.after(since.number);
    const entries: Row[] = [];
    let next = Math.max(since.number, journal.dropped);
    for (const { number, entry } of found) {
      if (entries.length === limit) break;
      next = number;
      if (isAsked(entry)) entries.push({ number, time: new Date(timeOf(entry)).toISOString(), ...entry });
    }
    return { entries, next, more: next < journal.newest, dropped: since.isForgotten };
  });
}

const everything = () => true;

function checkNames(query: URLSearchParams, known: readonly string[]): void {
  for (const [name, value] of query)
    if (!known.includes(name)) throw badField(name, value, `only ${known.join(', ')} in the query`);
}

function limitIn(query: URLSearchParams): number {
  const text = query.get('limit') ?? String(limitUsual);
  const limit = Number(text);
  if (/^\d+$/.test(text) && limit >= 1 && limit <= limitMax) return limit;
  throw badField('limit', text, `a whole number from 1 to ${limitMax}`);
}

/** A number names the last entry that is known already; a time, the first moment that is not. */
function sinceIn<T>(
  query: URLSearchParams,
  journal: Journal<T>,
  timeOf: (entry: T) => number,
): { number: number; isForgotten: boolean } {
  const text = query.get('since') ?? '0';
  if (/^\d+$/.test(text)) {
    const number = Number(text);
    if (number <= journal.newest) return { number, isForgotten: number < journal.dropped };
    throw badField('since', text, `a number up to ${journal.newest}, the newest entry, or a time`);
  }
  const time = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time))
    throw badField('since', text, 'the number of an entry or a time like 2026-05-04T12:00:00Z');
  const first = journal.entries.findIndex((entry) => timeOf(entry) >= time);
  const known = first < 0 ? journal.entries.length : first;
  // Where everything that is remembered is newer, some of what is forgotten may have been, too.
  return { number: journal.dropped + known, isForgotten: known === 0 && journal.dropped > 0 };
}
