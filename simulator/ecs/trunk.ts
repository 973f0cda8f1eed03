import type { Attachment } from './records.ts';
import type { State } from './state.ts';

/** From a registration to its trunk interface, and from the end of an instance to its removal (our choice). */
export const trunkMs = 15_000;

/** D-4.19, D-9.8. */
export const attachmentStatuses = [
  'PRECREATED',
  'CREATED',
  'ATTACHING',
  'ATTACHED',
  'DETACHING',
  'DETACHED',
  'DELETED',
  'FAILED',
] as const;

/** The trunk interface of an instance that registers, which is on its way (D-2.2, D-9.8). */
export function newTrunk({ ids }: State): Attachment {
  const digits = ids.hex(32);
  const mac = ['02', ...(digits.slice(0, 10).match(/../g) ?? [])].join(':');
  const host = Number.parseInt(digits.slice(10, 12), 16);
  return {
    id: ids.uuid(),
    status: 'ATTACHING',
    details: [
      { name: 'networkInterfaceId', value: `eni-${digits.slice(12, 29)}` },
      { name: 'macAddress', value: mac },
      { name: 'subnetId', value: 'subnet-0123456789abcdef0' },
      { name: 'privateIPv4Address', value: `10.0.0.${host}` },
    ],
  };
}
