import { Fault } from '../machine.ts';
import { checkRange } from './validation.ts';

/** What every Describe operation with pages takes. */
export interface PageRequest {
  readonly MaxRecords?: number | undefined;
  readonly NextToken?: string | undefined;
}

/**
 * One page of a list, in the order of its keys. The token names the last key given out, so a list that changes
 * between two pages neither repeats nor skips what stayed. `most` is the largest page (D-5.16).
 */
export function page<T>(
  request: PageRequest,
  sizes: { readonly usual: number; readonly most: number },
  items: readonly T[],
  keyOf: (item: T) => string,
): { items: T[]; NextToken: string | undefined } {
  checkRange('maxRecords', request.MaxRecords, 1, sizes.most);
  const after = request.NextToken === undefined ? undefined : keyIn(request.NextToken);
  const keyed = items
    .map((item) => ({ key: keyOf(item), item }))
    .filter(({ key }) => after === undefined || key > after)
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const given = keyed.slice(0, request.MaxRecords ?? sizes.usual);
  const isLast = given.length === keyed.length;
  return {
    items: given.map(({ item }) => item),
    NextToken: isLast ? undefined : tokenFor(given.at(-1)?.key ?? ''),
  };
}

const mark = 'after:';

const tokenFor = (key: string) => Buffer.from(`${mark}${key}`).toString('base64url');

function keyIn(token: string): string {
  const text = Buffer.from(token, 'base64url').toString();
  if (!text.startsWith(mark)) throw new Fault('InvalidNextToken', `The token '${token}' is invalid.`);
  return text.slice(mark.length);
}
