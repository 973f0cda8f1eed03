/** What must happen at least once in a thousand storms: a decision that is never reached is one that is never tested. */
export const decisions = [
  'start-draining termination',
  'release drained',
  'release not-registered',
  'release not-usable',
  'release deadline',
  'release dry-run',
  'release leaving',
  'stop-tasks deadline',
  'stop-tasks standalone-tasks',
  'start-draining interruption',
  'stop-tasks interruption',
  'wait paused',
] as const;

/** The same for faults, by the names that the summary has. */
export const faults = [
  'event lost',
  'event doubled',
  'meddled',
  'invocation crashed',
  'call ServiceUnavailable',
  'call ThrottlingException',
] as const;
