import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lackOf, type Needs, type Room } from '../../lib/room.ts';

const needs = (overrides: Partial<Needs> = {}): Needs => ({
  cpu: 512,
  memoryMib: 1024,
  gpus: 0,
  ports: [],
  ...overrides,
});
const room = (overrides: Partial<Room> = {}): Room => ({
  containerInstanceArn: 'arn',
  agentConnected: true,
  cpu: 1024,
  memoryMib: 2048,
  gpus: 0,
  usedPorts: [22, 2376],
  ...overrides,
});

describe('lackOf', () => {
  it.each<[string, Needs, Room[], ReturnType<typeof lackOf>]>([
    ['nothing where it fits', needs(), [room({ cpu: 0 }), room()], undefined],
    ['nothing where it fits exactly', needs(), [room({ cpu: 512, memoryMib: 1024 })], undefined],
    [
      'CPU, with the most that is free anywhere',
      needs(),
      [room({ cpu: 100 }), room({ cpu: 400 })],
      { resource: 'CPU', needed: 512, largestFree: 400 },
    ],
    ['memory', needs(), [room({ memoryMib: 1023 })], { resource: 'MEMORY', needed: 1024, largestFree: 1023 }],
    ['GPUs', needs({ gpus: 1 }), [room()], { resource: 'GPU', needed: 1, largestFree: 0 }],
    [
      'a port that is taken everywhere (D-9.4)',
      needs({ ports: [80, 443] }),
      [room({ usedPorts: [443] }), room({ usedPorts: [80, 443] })],
      { resource: 'PORTS', needed: 443, largestFree: 0 },
    ],
    [
      'no port that is free somewhere',
      needs({ ports: [80] }),
      [room({ usedPorts: [80] }), room()],
      undefined,
    ],
    [
      'everything together where each is free somewhere',
      needs(),
      [room({ cpu: 0 }), room({ memoryMib: 0 })],
      { resource: 'all together', needed: 0, largestFree: 0 },
    ],
    ['CPU where no other instance is there', needs(), [], { resource: 'CPU', needed: 512, largestFree: 0 }],
    [
      'CPU where no agent is connected',
      needs(),
      [room({ agentConnected: false })],
      { resource: 'CPU', needed: 512, largestFree: 0 },
    ],
  ])('finds %s', (_, wanted, rooms, lack) => {
    expect(lackOf(wanted, rooms)).toEqual(lack);
  });

  it('says nothing exactly where one instance has all of it', () => {
    const amount = fc.integer({ min: 0, max: 3 });
    const rooms = fc.array(
      fc.record({ cpu: amount, memoryMib: amount, gpus: amount, isUp: fc.boolean(), port: amount }),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(amount, amount, amount, rooms, (cpu, memoryMib, gpus, found) => {
        const all = found.map(({ isUp, port, ...left }) =>
          room({ ...left, agentConnected: isUp, usedPorts: [port] }),
        );
        const fits = found.some(
          (one) =>
            one.isUp && one.cpu >= cpu && one.memoryMib >= memoryMib && one.gpus >= gpus && one.port !== 1,
        );
        expect(lackOf({ cpu, memoryMib, gpus, ports: [1] }, all) === undefined).toBe(fits);
      }),
    );
  });
});
