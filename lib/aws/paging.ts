/** Pages read of one list: 10,000 entries of 100 a page. A list that goes on after that is an error, not a truth. */
const pagesMax = 100;

type Read<T> = (
  nextToken: string | undefined,
) => Promise<{ readonly items: readonly T[]; readonly nextToken: string | undefined }>;

/** Every entry of a paged list. Throws where it has more than 100 pages. */
export async function pages<T>(read: Read<T>): Promise<T[]> {
  const found = await pagesUpTo(pagesMax, read);
  if (!found) throw new Error(`A list of AWS has more than ${pagesMax} pages`);
  return found;
}

/** Every entry of a paged list; undefined: it has more pages than `most`. */
export async function pagesUpTo<T>(most: number, read: Read<T>): Promise<T[] | undefined> {
  const found: T[] = [];
  let nextToken: string | undefined;
  for (let page = 0; page < most; page++) {
    const answer = await read(nextToken);
    found.push(...answer.items);
    // A page may be short or empty and still not be the last (D-5.15).
    if (!answer.nextToken) return found;
    nextToken = answer.nextToken;
  }
  return undefined;
}
