/**
 * The instances that one environment has let go, and when: what ECS and EC2 say of their end needs no look then. Without the
 * memory it costs a call.
 */
export type LetGo = Map<string, Date>;

/** Until their end, instances take a minute or two; one that comes back and leaves again must not be overlooked (seconds). */
const rememberedSeconds = 600;

/** Remembers that an instance was let go, and forgets those of whose end everything was said. */
export function noteLetGo(letGo: LetGo, instanceId: string, now: Date): void {
  for (const [other, at] of letGo) if (isOver(at, now)) letGo.delete(other);
  letGo.set(instanceId, now);
}

/** Whether an instance was let go a moment ago. */
export function isLetGo(letGo: LetGo, instanceId: string | undefined, now: Date): boolean {
  const at = instanceId === undefined ? undefined : letGo.get(instanceId);
  return at !== undefined && !isOver(at, now);
}

const isOver = (at: Date, now: Date) => now.getTime() - at.getTime() >= rememberedSeconds * 1000;
