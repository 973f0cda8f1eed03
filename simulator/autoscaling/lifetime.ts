import type { Group, Instance } from './state.ts';

/** From one replacement to the next where there is time for it (our choice: AWS says, with a pause). */
const pauseMs = 900_000;

/** The turn of an instance to be replaced, at that time or as soon after it as can be. */
export interface Turn {
  readonly instance: Instance;
  readonly at: number;
}

/**
 * When each instance is to be replaced so that none is in service for longer than the group's maximum, one at a time; the
 * first turn first. Turns that would have to be in the past are many at once. Protected instances have none (D-13.60).
 */
export function turnsOf({ settings }: Group, members: readonly Instance[]): Turn[] {
  const lifetimeMs = (settings.MaxInstanceLifetime ?? 0) * 1000;
  if (lifetimeMs === 0) return [];
  const turns: Turn[] = [];
  let next = Number.POSITIVE_INFINITY;
  const newestFirst = members
    .flatMap((instance) =>
      instance.state === 'InService' && !instance.isProtected && instance.inServiceAt !== undefined
        ? { instance, at: instance.inServiceAt + lifetimeMs }
        : [],
    )
    .toSorted((one, other) => other.at - one.at);
  for (const { instance, at } of newestFirst) {
    next = Math.min(at, next - pauseMs);
    turns.unshift({ instance, at: next });
  }
  return turns;
}
