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
    if (group !== undefined) this.groups.get(group)?.delete(key);
  }

  of(group: string): Iterable<string> {
    return this.groups.get(group) ?? [];
  }
}
