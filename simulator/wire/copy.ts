/** A copy of what can go over the wire, as it comes out at the other end: nothing is shared, and what is undefined is not there. */
export function copyOf<T>(value: T): T {
  return copied(value) as T;
}

function copied(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copied);
  if (value instanceof Date) return new Date(value);
  if (value instanceof Uint8Array) return value.slice();
  const copy: Record<string, unknown> = {};
  for (const name in value) {
    const held = (value as Record<string, unknown>)[name];
    if (held !== undefined && held !== null) copy[name] = copied(held);
  }
  return copy;
}
