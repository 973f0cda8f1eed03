import { Table } from '../../simulator/table.ts';

/** How many rows of tables `act` reads, which is what its work grows with, on a machine as busy as it likes. */
export async function rowsRead(act: () => unknown): Promise<number> {
  const { get } = Table.prototype;
  let count = 0;
  Table.prototype.get = function (...key) {
    count++;
    return get.call(this, ...key);
  };
  try {
    await act();
  } finally {
    Table.prototype.get = get;
  }
  return count;
}
