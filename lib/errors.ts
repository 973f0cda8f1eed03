/** A message that is not for us, or unreadable: it is dropped, a retry would fail again. */
export class Unwanted extends Error {
  override readonly name = 'Unwanted';
}

/** The cluster that a group names does not exist. */
export class UnknownCluster extends Error {
  override readonly name = 'UnknownCluster';
}
