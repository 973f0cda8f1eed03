import { describe, expect, it } from 'vitest';
import { textOf, writtenFiles } from '../files.ts';
import { sabotages } from './sabotages.ts';

const files = new Set(writtenFiles());

describe('what `npm run prove` breaks', () => {
  it.each(sabotages.map((sabotage) => [sabotage.broken, sabotage] as const))(
    'is written once where it says: %s',
    (_, { file, find, replace, tests }) => {
      expect(textOf(file).split(find)).toHaveLength(2);
      expect(replace).not.toBe(find);
      expect(tests.filter((path) => !files.has(path))).toEqual([]);
    },
  );
});
