import { type Misconfiguration, misconfigured } from './announce.ts';
import type { Deps } from './deps.ts';

/** Says what is wrong with a group: in the log and as a metric each time it is seen, on the bus when it changes. */
export function reportMisconfigured({ log, count, announce, now }: Deps, fault: Misconfiguration): void {
  const { problem, ...fields } = fault;
  log.warn(problem, fields);
  count('Misconfigured');
  announce(misconfigured(fault, now()));
}
