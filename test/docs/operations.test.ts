import { describe, expect, it } from 'vitest';
import { operationModel } from '../../simulator/wire/models.ts';
import { textOf } from '../files.ts';
import { Scene } from '../simulator/ecs/scene.ts';

/** The rows of a table under a heading that begins with the name of a service. */
const rows = textOf('docs/operations.md')
  .split(/^## /m)
  .filter((section) => section.startsWith('ECS'))
  .flatMap((section) => section.split('\n').filter((line) => /^\| [A-Z]/.test(line)))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, operation = '', rules = '', tests = '', differences = '']) => ({
    operation,
    ids: rules.split(', '),
    tests: tests.split(', '),
    differences,
  }));

describe('docs/operations.md', () => {
  it('has each operation once', () => {
    const names = rows.map(({ operation }) => operation);
    expect(names.length).toBeGreaterThan(20);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(rows)(
    'knows of $operation an operation that AWS has and the local AWS answers',
    ({ operation }) => {
      expect(operationModel('ecs', operation)).toBeDefined();
      const call = () => new Scene().call(operation);
      expect(call).not.toThrow('does not know');
    },
  );

  it.each(rows)(
    'names for $operation tests that speak of it and of each of its rules',
    ({ operation, ids, tests }) => {
      const text = tests.map(textOf).join('\n');
      expect(text).toContain(operation);
      expect(ids.filter((id) => !new RegExp(`${id}\\b`).test(text))).toEqual([]);
    },
  );

  it.each(rows)('says of $operation where it differs, and promises nothing', ({ differences }) => {
    expect(differences).toMatch(/\S/);
    expect(differences).not.toMatch(/\b(yet|later|soon|todo|planned)\b/i);
  });
});
