/** Rows grouped by something, so that nobody walks over all of them. */
export class Grouped {
  private readonly groups = new Map<string, Set<string>>();

  /** Without a group the key is in none. */
  add(group: string | undefined, key: string): void {
    if (group === undefined) return;
    const keys = this.groups.get(group);
    if (keys) keys.add(key);
    else this.groups.set(group, new Set([key]));
  }

  delete(group: string | undefined, key: string): void {
    const keys = group === undefined ? undefined : this.groups.get(group);
    keys?.delete(key);
    // Container instances and services come and go: a group that is empty is not kept.
    if (group !== undefined && keys?.size === 0) this.groups.delete(group);
  }

  /** How many keys are in a group. */
  countOf(group: string): number {
    return this.groups.get(group)?.size ?? 0;
  }

  of(group: string): Iterable<string> {
    return this.groups.get(group) ?? [];
  }
}
