/** Runs `run` for every item, at most `limit` at a time. Rejects with the first error; no further item is begun then. */
export async function inParallel<T>(
  items: readonly T[],
  limit: number,
  run: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  let isFailed = false;
  const work = async () => {
    for (const item of rest) {
      if (isFailed) return;
      try {
        await run(item);
      } catch (error) {
        isFailed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
}
