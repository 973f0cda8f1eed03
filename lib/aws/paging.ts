/** Pages read of one list: 10,000 entries of 100 a page. A list that goes on after that is an error, not a truth. */
const pagesMax = 100;

/** Every entry of a paged list. Throws where it has more than 100 pages. */
export async function pages<T>(
  read: (
    nextToken: string | undefined,
  ) => Promise<{ readonly items: readonly T[]; readonly nextToken: string | undefined }>,
): Promise<T[]> {
  const found: T[] = [];
  let nextToken: string | undefined;
  for (let page = 0; page < pagesMax; page++) {
    const answer = await read(nextToken);
    found.push(...answer.items);
    // A page may be short or empty and still not be the last (D-5.15).
    if (!answer.nextToken) return found;
    nextToken = answer.nextToken;
  }
  throw new Error(`A list of AWS has more than ${pagesMax} pages`);
}
