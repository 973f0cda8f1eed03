import { describe, expect, it } from 'vitest';
import { areHeld, type Resource } from '../../lib/resources.ts';

const of = (cpu: number, memory: number): Resource[] => [
  { name: 'CPU', integerValue: cpu },
  { name: 'MEMORY', integerValue: memory },
  { name: 'PORTS' },
];

describe('areHeld', () => {
  it.each<[string, Resource[], Resource[], boolean]>([
    ['all remains', of(2048, 8000), of(2048, 8000), false],
    ['CPU is taken', of(2048, 8000), of(1024, 8000), true],
    ['only memory is taken, by a task without CPU', of(2048, 8000), of(2048, 7744), true],
    ['what remains is not said', of(2048, 8000), [], true],
    ['nothing is registered', [], [], false],
  ])('says whether tasks hold something where %s', (_, registered, remaining, expected) => {
    expect(areHeld(registered, remaining)).toBe(expected);
  });
});
