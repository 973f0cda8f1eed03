import { createHash } from 'node:crypto';
import { invalid, text, whole } from './input.ts';
import type { Request } from './operations/operation.ts';

/** A token is good for so long: AWS does not say how long (our choice). */
const tokenMs = 24 * 3_600_000;

/** One page of a list call (D-9.66). */
export interface Page {
  readonly entries: readonly string[];
  readonly nextToken?: string;
}

/**
 * One page of a list call, and a token when more follow (D-9.66). `entriesAfter` gives the entries behind one, in
 * their order, and is read no further than the page needs. The token names the last entry given, so that entries which
 * come or go between two pages never hide or double another one. It is good for the same call only, and not for ever.
 */
export function pageOf(
  request: Request,
  entriesAfter: (after: string) => Iterable<string>,
  { usualSize, sizeMax = 100 }: Omit<Paging, 'compare'>,
): Page {
  const size = whole(request.input, 'maxResults', 1, sizeMax) ?? usualSize;
  const entries: string[] = [];
  for (const entry of entriesAfter(lastGiven(request))) {
    if (entries.length === size) return { entries, nextToken: tokenFor(request, entries.at(-1) ?? '') };
    entries.push(entry);
  }
  return { entries };
}

/** How a list that is not long pages: sizes, and an order other than that of the entries as text. */
export interface Paging {
  readonly usualSize: number;
  readonly sizeMax?: number;
  readonly compare?: (one: string, other: string) => number;
}

const inOrder = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0);

/** One page of a list that may be sorted for every page. */
export function page(request: Request, all: readonly string[], paging: number | Paging): Page {
  const {
    usualSize,
    sizeMax,
    compare = inOrder,
  } = typeof paging === 'number' ? { usualSize: paging } : paging;
  const entriesAfter = (after: string) =>
    all.filter((entry) => after === '' || compare(entry, after) > 0).sort(compare);
  return pageOf(request, entriesAfter, { usualSize, ...(sizeMax !== undefined && { sizeMax }) });
}

/** What a list call asks for, whatever page of it: a token of another call names entries of another list. */
function questionOf({ operation, input }: Request): string {
  const { nextToken: _, maxResults: __, ...question } = input;
  const sorted = Object.entries(question).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([operation, sorted]))
    .digest('hex')
    .slice(0, 16);
}

const tokenFor = (request: Request, last: string) =>
  Buffer.from(JSON.stringify([request.now, questionOf(request), last])).toString('base64url');

function lastGiven(request: Request): string {
  const token = text(request.input, 'nextToken');
  if (token === undefined) return '';
  const found = readToken(token);
  if (!found || found.question !== questionOf(request))
    throw invalid(
      `nextToken: expected a token of an earlier page of this list, got ${JSON.stringify(token)}.`,
    );
  if (request.now - found.givenAt > tokenMs)
    throw invalid(`nextToken: expired, expected one that is at most ${tokenMs / 3_600_000} hours old.`);
  return found.last;
}

function readToken(token: string): { givenAt: number; question: string; last: string } | undefined {
  const written = Buffer.from(token, 'base64url').toString();
  const [, givenAt, question, last] = /^\[(\d+),"([0-9a-f]{16})",(".*")\]$/s.exec(written) ?? [];
  if (givenAt === undefined || question === undefined || last === undefined) return undefined;
  try {
    return { givenAt: Number(givenAt), question, last: JSON.parse(last) };
  } catch {
    return undefined;
  }
}
