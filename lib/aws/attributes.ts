import {
  type Attribute,
  DeleteAttributesCommand,
  type ECSClient,
  PutAttributesCommand,
} from '@aws-sdk/client-ecs';
import type { Failure, Fleet } from '../fleet.ts';
import { chunks } from '../grouping.ts';
import { formatMark, markName, waitingName } from '../mark.ts';

/** D-13.14. */
const attributesPerCall = 10;

/** The attributes that the steward puts on container instances. */
export function attributes(
  client: ECSClient,
): Pick<Fleet, 'mark' | 'unmark' | 'setWaiting' | 'clearWaiting'> {
  const put = (cluster: string, arns: readonly string[], name: string, value: string) =>
    inTens(arns, (ten) =>
      client.send(new PutAttributesCommand({ cluster, attributes: named(ten, { name, value }) })),
    );
  const take = (cluster: string, arns: readonly string[], name: string) =>
    inTens(arns, (ten) =>
      client.send(new DeleteAttributesCommand({ cluster, attributes: named(ten, { name }) })),
    );
  return {
    mark: (cluster, arns, mark) => put(cluster, arns, markName, formatMark(mark)),
    unmark: (cluster, arns) => take(cluster, arns, markName),
    setWaiting: (cluster, arns, at) => put(cluster, arns, waitingName, at.toISOString()),
    clearWaiting: (cluster, arns) => take(cluster, arns, waitingName),
  };
}

const named = (arns: readonly string[], attribute: Attribute) =>
  arns.map((targetId) => ({ ...attribute, targetType: 'container-instance' as const, targetId }));

/** An instance that has gone in between fails the whole call (D-13.14), so a failure is given for each of the ten. */
async function inTens(arns: readonly string[], send: (ten: readonly string[]) => Promise<unknown>) {
  const failures: Failure[] = [];
  for (const ten of chunks(arns, attributesPerCall)) {
    try {
      await send(ten);
    } catch (error) {
      failures.push(...failuresOf(ten, error));
    }
  }
  return failures;
}

/** A failure for each of the container instances of a call that AWS refused. */
export function failuresOf(arns: readonly string[], error: unknown): Failure[] {
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return arns.map((arn) => ({ arn, reason }));
}
