import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Agenda } from '../../simulator/agenda.ts';
import { chance, Ids } from '../../simulator/chance.ts';
import { Table } from '../../simulator/table.ts';
import { World } from '../../simulator/world.ts';

const start = Date.parse('2026-05-04T12:00:00Z');

describe('Agenda', () => {
  it('gives entries back in the order of time, then tie, then entry', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ time: fc.nat(20), tie: fc.nat(3) })), (entries) => {
        const agenda = new Agenda<number>();
        for (const [order, { time, tie }] of entries.entries()) agenda.add(time, order, tie);
        const expected = entries
          .map((entry, order) => ({ ...entry, order }))
          .sort((a, b) => a.time - b.time || a.tie - b.tie || a.order - b.order);
        for (const { time, order } of expected) expect(agenda.take(20)).toEqual({ time, value: order });
        expect(agenda.take(20)).toBeUndefined();
      }),
    );
  });

  it('keeps what is not due yet and drops what was cancelled', () => {
    const agenda = new Agenda<string>();
    const cancel = agenda.add(5, 'cancelled');
    agenda.add(7, 'kept');
    cancel();
    expect(agenda.nextAt).toBe(7);
    expect(agenda.take(6)).toBeUndefined();
    expect(agenda.take(7)?.value).toBe('kept');
    expect(agenda.nextAt).toBeUndefined();
  });

  it('knows when something next is due that is no routine, whatever was taken and taken back', () => {
    const step = fc.record({ time: fc.nat(9), what: fc.constantFrom('add', 'routine', 'cancel', 'take') });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const agenda = new Agenda<number>();
        const left = new Map<number, { time: number; isRoutine: boolean; cancel: () => void }>();
        for (const [id, { time, what }] of steps.entries()) {
          const isRoutine = what === 'routine';
          if (what === 'add' || isRoutine) {
            const cancel = isRoutine ? agenda.addRoutine(time, id) : agenda.add(time, id);
            left.set(id, { time, isRoutine, cancel });
          } else if (what === 'take') left.delete(agenda.take(time)?.value ?? -1);
          else for (const [each, { cancel }] of [...left].slice(0, 1)) if (left.delete(each)) cancel();
          const busy = [...left.values()].filter((each) => !each.isRoutine).map((each) => each.time);
          expect(agenda.busyAt).toBe(busy.length > 0 ? Math.min(...busy) : undefined);
        }
      }),
    );
  });
});

describe('chance', () => {
  it('repeats itself for the same seed and label and differs for another label', () => {
    const draw = (seed: number, label: string) => {
      const stream = chance(seed, label);
      return Array.from({ length: 20 }, () => stream.between(0, 1_000_000));
    };
    expect(draw(1, 'bus')).toEqual(draw(1, 'bus'));
    expect(draw(1, 'bus')).not.toEqual(draw(1, 'mapping'));
    expect(draw(1, 'bus')).not.toEqual(draw(2, 'bus'));
  });

  it('gives identifiers that never repeat within a label', () => {
    const ids = new Ids(1, 'tasks');
    const given = Array.from({ length: 1000 }, () => ids.hex(32));
    expect(new Set(given).size).toBe(1000);
    expect(new Ids(1, 'tasks').uuid()).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });
});

describe('Table', () => {
  it('answers from the past as it was then, and from now as it is', () => {
    const table = new Table<string>();
    table.set(100, 'a', 'first');
    table.set(200, 'a', 'second');
    table.delete(300, 'a');
    expect([99, 100, 199, 200, 299, 300].map((at) => table.get('a', at))).toEqual([
      undefined,
      'first',
      'first',
      'second',
      'second',
      undefined,
    ]);
    expect(table.get('a')).toBeUndefined();
    expect(table.values(250)).toEqual(['second']);
    expect(table.values()).toEqual([]);
  });

  it('keeps a deleted row as long as a read may still see it, and then forgets it', () => {
    const table = new Table<number>(1000);
    for (let key = 0; key < 50; key++) {
      table.set(key * 10, `row-${key}`, key);
      table.delete(key * 10 + 5, `row-${key}`);
    }
    expect(table.get('row-49', 492)).toBe(49);
    expect(table.size).toBe(50);
    table.set(1400, 'last', 1);
    expect(table.size).toBe(11);
    table.set(9999, 'last', 2);
    expect(table.size).toBe(1);
  });

  it('forgets only what no read within its memory could still see', () => {
    const table = new Table<number>(1000);
    for (let now = 0; now <= 5000; now += 100) table.set(now, 'a', now);
    for (let at = 4000; at <= 5000; at += 50) expect(table.get('a', at)).toBe(Math.floor(at / 100) * 100);
    expect(table.get('a', 2000)).toBeUndefined();
  });
});

describe('World', () => {
  it('lets real code wait in virtual time only, and one continuation run at a time', async () => {
    const world = new World(1);
    const seen: string[] = [];
    for (const name of ['a', 'b']) {
      world.begin(async (activity) => {
        for (const step of [1, 2, 3]) {
          await world.wait(activity, world.now + step * 1000, () => undefined);
          seen.push(`${name}${step} at ${(world.now - start) / 1000}`);
        }
      });
    }
    await world.advance(3);
    expect(seen.toSorted()).toEqual(['a1 at 1', 'a2 at 3', 'b1 at 1', 'b2 at 3']);
    await world.advance(10);
    expect(seen).toHaveLength(6);
    expect(world.now).toBe(start + 13_000);
  });

  it('runs the same seed the same way, and lets the seed pick who goes first among equals', async () => {
    const order = async (seed: number) => {
      const world = new World(seed);
      const seen: number[] = [];
      for (let i = 0; i < 6; i++) world.at(start + 5, () => seen.push(i));
      await world.advance(1);
      return seen.join('');
    };
    expect(await order(7)).toBe(await order(7));
    const orders = await Promise.all([1, 2, 3, 4, 5, 6].map(order));
    expect(new Set(orders).size).toBeGreaterThan(1);
  });

  it('gives an ended activity nothing more', async () => {
    const world = new World(1);
    let reached = false;
    const activity = world.begin(async (own) => {
      await world.wait(own, start + 2000, () => undefined);
      reached = true;
    });
    world.at(start + 1000, () => world.end(activity));
    await world.advance(60);
    expect(reached).toBe(false);
  });

  it('waits for real work of a function that takes turns of the event loop', async () => {
    const world = new World(1);
    let endedAt = 0;
    world.begin(async (activity) => {
      for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
      await world.wait(activity, world.now + 500, () => undefined);
      endedAt = world.now;
    });
    world.at(start + 10_000, () => undefined);
    await world.advance(60);
    expect(endedAt).toBe(start + 500);
  });

  it('stands still while code outside holds it, and goes on when nobody does any more', async () => {
    const world = new World(1);
    const seen: string[] = [];
    const turns = async () => {
      for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
    };
    world.at(start + 2000, () => seen.push('due'));
    const releases = [world.hold(), world.hold()];
    const passing = world.advance(5);
    for (const release of releases) {
      await turns();
      seen.push('released');
      release();
      release();
    }
    await passing;
    expect(seen).toEqual(['released', 'released', 'due']);
    expect(world.now).toBe(start + 5000);
  });

  it('can be held again and again within one stretch of time', async () => {
    const world = new World(1);
    const heldAt: number[] = [];
    for (const second of [1, 2, 3])
      world.at(start + second * 1000, () => {
        const release = world.hold();
        setImmediate(() => {
          heldAt.push(world.now - start);
          release();
        });
      });
    await world.advance(10);
    expect(heldAt).toEqual([1000, 2000, 3000]);
  });

  it('does not wait for code outside that waits for the world itself', async () => {
    const world = new World(1);
    const ends: number[] = [];
    const outcome = new Promise<string>((resolve) => {
      world.at(start + 3000, () => {
        const release = world.hold();
        setImmediate(() => {
          resolve('done');
          release();
        });
      });
    });
    world.begin(async (activity) => {
      expect(await world.outside(activity, outcome)).toBe('done');
      await world.wait(activity, world.now + 1000, () => undefined);
      ends.push(world.now - start);
    });
    await world.advance(10);
    expect(ends).toEqual([4000]);
  });

  it('hands on what a hosted machine says, at the time it says it', async () => {
    const world = new World(1);
    let nextAt: number | undefined = start + 3000;
    const heard: number[] = [];
    world.host(
      {
        get nextAt() {
          return nextAt;
        },
        advance: () => {
          nextAt = undefined;
          return [{ kind: 'instance-running', instanceId: 'i-1' }];
        },
      },
      () => heard.push(world.now),
    );
    await world.advance(10);
    expect(heard).toEqual([start + 3000]);
  });

  it('writes the log with virtual time', () => {
    const world = new World(1);
    world.record('note', { text: 'hello' });
    expect(world.log).toEqual([{ time: '2026-05-04T12:00:00.000Z', kind: 'note', text: 'hello' }]);
  });
});
