import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { Fault } from '../../machine.ts';
import { isRecord } from './matcher.ts';

/** Entries and bytes of one PutEvents call (D-5.21). */
const putEventsMax = { entries: 10, bytes: 262_144 };

/** An entry of PutEvents that the bus takes. */
interface Entry {
  readonly at: number;
  readonly source: string;
  readonly detailType: string;
  readonly resources: readonly string[];
  readonly detail: Record<string, unknown>;
}

/** Why an entry is not taken. */
interface Refusal {
  readonly ErrorCode: string;
  readonly ErrorMessage: string;
}

/** Refuses a call with none or too many entries, or too large in all (D-5.21). Throws `ValidationException`. */
export function checkEntries(entries: readonly PutEventsRequestEntry[]): void {
  const bytes = entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
  if (entries.length < 1 || entries.length > putEventsMax.entries)
    throw new Fault(
      'ValidationException',
      `Entries: expected 1 to ${putEventsMax.entries}, got ${entries.length}`,
    );
  if (bytes >= putEventsMax.bytes)
    throw new Fault(
      'ValidationException',
      `Total size of the entries in the request is over the limit: expected less than ${putEventsMax.bytes} bytes, got ${bytes}`,
    );
}

/** Reads one entry, or says why it is refused; the others of the call go on (D-5.21). */
export function readEntry(entry: PutEventsRequestEntry, now: number): Entry | Refusal {
  const { Source = '', DetailType = '', Detail = '', Resources = [], Time, EventBusName = 'default' } = entry;
  const missing = Object.entries({ Source, DetailType, Detail }).find(([, value]) => value === '')?.[0];
  if (missing)
    return refusal(
      'InvalidArgument',
      `Parameter ${missing} is not valid. Reason: ${missing} is a required argument.`,
    );
  if (Source.startsWith('aws.'))
    return refusal('NotAuthorizedForSourceException', 'Not authorized for the source.');
  if (EventBusName.split('/').at(-1) !== 'default')
    return refusal('ResourceNotFoundException', `Event bus ${EventBusName} does not exist.`);
  const detail = parsedObject(Detail);
  if (!detail) return refusal('MalformedDetail', 'Detail is malformed.');
  return { at: Time?.getTime() ?? now, source: Source, detailType: DetailType, resources: Resources, detail };
}

const refusal = (ErrorCode: string, ErrorMessage: string): Refusal => ({ ErrorCode, ErrorMessage });

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevents-size */
function entryBytes({
  Time,
  Source = '',
  DetailType = '',
  Detail = '',
  Resources = [],
}: PutEventsRequestEntry): number {
  const strings = [Source, DetailType, Detail, ...Resources];
  return strings.reduce((sum, text) => sum + Buffer.byteLength(text), Time ? 14 : 0);
}

/** The object that a text is as JSON; undefined when it is none. */
export function parsedObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}
