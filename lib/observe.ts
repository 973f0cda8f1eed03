/** Event and API each count the changes of a resource; higher is later (D-1.3). Gaps are normal (D-1.9). */
export type Freshness = 'current' | 'behind';

/**
 * Whether an API read may be acted on, given the version that an event showed of the same resource. A read that is older
 * than the event that caused it is behind. A resource that the API does not know any more is not: it is gone (D-5.18).
 */
export function observe(eventVersion: number | undefined, apiVersion: number | undefined): Freshness {
  if (eventVersion === undefined || apiVersion === undefined) return 'current';
  return eventVersion <= apiVersion ? 'current' : 'behind';
}

/** Of several events about one resource the one with the highest version stands for the others (D-1.3, D-1.5). */
export function newestPerArn<T extends { readonly version: number }>(
  events: readonly T[],
  arnOf: (event: T) => string,
): Map<string, T> {
  const newest = new Map<string, T>();
  for (const event of events) {
    const other = newest.get(arnOf(event));
    if (!other || event.version > other.version) newest.set(arnOf(event), event);
  }
  return newest;
}

/** How long after a read that was behind the next one is made (milliseconds); then it is left to a later look. */
export const rereadAfterMs: readonly number[] = [200, 400, 800, 1600];

/** What was read about several subjects: what is current, and what was still behind at the last try. */
export interface Observation<S, R> {
  readonly current: ReadonlyMap<S, R>;
  readonly behind: ReadonlyMap<S, R>;
}

/**
 * Reads about `subjects` until every read is current, again only about those that were behind. `read` answers with a
 * look-up by subject.
 */
export async function readUntilCurrent<S, R>(
  sleep: (milliseconds: number) => Promise<void>,
  subjects: readonly S[],
  read: (pending: readonly S[]) => Promise<(subject: S) => R>,
  freshnessOf: (subject: S, result: R) => Freshness,
): Promise<Observation<S, R>> {
  const current = new Map<S, R>();
  const behind = new Map<S, R>();
  let pending = subjects;
  for (const pauseMs of [0, ...rereadAfterMs]) {
    if (pending.length === 0) break;
    if (pauseMs > 0) await sleep(pauseMs);
    const resultOf = await read(pending);
    behind.clear();
    for (const subject of pending) {
      const result = resultOf(subject);
      (freshnessOf(subject, result) === 'current' ? current : behind).set(subject, result);
    }
    pending = [...behind.keys()];
  }
  return { current, behind };
}
