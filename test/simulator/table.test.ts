import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Table } from '../../simulator/table.ts';

const key = fc.integer({ min: 0, max: 8 }).map((number) => `key-${number}`);
const step = fc.record({ key, kind: fc.constantFrom('set', 'delete', 'read', 'forget') });

/** The rows after a key, in the order of the keys. */
const after = (table: Table<string>, place: string) =>
  [...table.keysAfter(place)].flatMap((each) => table.get(each) ?? []);

describe('the keys after one', () => {
  it('come in their order', () => {
    const table = new Table<string>();
    for (const number of [5, 1, 3]) table.set(0, `key-${number}`, `${number}`);
    expect(after(table, '')).toEqual(['1', '3', '5']);
    expect(after(table, 'key-1')).toEqual(['3', '5']);
    expect(after(table, 'key-2')).toEqual(['3', '5']);
    expect(after(table, 'key-5')).toEqual([]);
  });

  it('are each there once, whatever came, went, was forgotten and came again', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const table = new Table<string>(10);
        let now = 0;
        for (const { kind, key: changed } of steps) {
          now += kind === 'forget' ? 100 : 1;
          if (kind === 'delete') table.delete(now, changed);
          else if (kind === 'set') table.set(now, changed, changed);
          else if (kind === 'read') after(table, changed);
          else table.set(now, 'key-9', 'key-9');
          expect(after(table, 'key-3')).toEqual(
            table
              .values()
              .filter((value) => value > 'key-3')
              .sort(),
          );
        }
      }),
    );
  });
});

describe('a table', () => {
  const everyKey = (table: Table<string>) => JSON.stringify(table).match(/key-\d+/g) ?? [];

  it.each([
    ['nobody reads', () => {}],
    ['somebody reads', (table: Table<string>) => after(table, '')],
  ])('remembers no more keys than it has, give or take a hundred or two, when %s', (_, read) => {
    const table = new Table<string>(1000);
    for (let number = 0; number < 5000; number++) {
      table.set(number * 100, `key-${number}`, 'x');
      if (number >= 50) table.delete(number * 100, `key-${number - 50}`);
      read(table);
    }
    expect(table.size).toBeLessThan(100);
    expect(new Set(everyKey(table)).size).toBeLessThan(300);
    expect(after(table, '')).toHaveLength(50);
  });
});
