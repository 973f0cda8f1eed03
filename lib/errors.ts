/** A message that is not for us, or unreadable: it is dropped, a retry would fail again. */
export class Unwanted extends Error {
  override readonly name = 'Unwanted';
}

/** The cluster that a group names does not exist. */
export class UnknownCluster extends Error {
  override readonly name = 'UnknownCluster';
}

/** Whether AWS refused because it was asked too often, by the names that its services have for that (D-5.17). */
export function isThrottling(error: unknown): error is Error {
  return (
    error instanceof Error && /^(Request)?Throttl|^TooManyRequests|^RequestLimitExceeded/.test(error.name)
  );
}

/** AWS asks to slow down, after every attempt: whoever can leave the work to somebody else does. */
export class Throttled extends Error {
  override readonly name: string = 'Throttled';
}
