import type { Sabotage } from './sabotage.ts';

/** What nothing but the recorder of calls notices, and the recorder itself. */
export const conformSabotages: readonly Sabotage[] = [
  {
    broken: 'a task is connected in a word that the SDK does not know',
    file: 'simulator/ecs/shapes.ts',
    find: "connectivity: isGone ? undefined : 'CONNECTED',",
    replace: "connectivity: isGone ? undefined : ('ONLINE' as 'CONNECTED'),",
    tests: ['test/simulator/ecs/operations/tasks.test.ts'],
    by: 'answers for 1 to 100 tasks, with failures MISSING (D-5.14, D-9.60)',
  },
  {
    broken: 'a hook shows a global timeout longer than two days (D-3.7)',
    file: 'simulator/autoscaling/hook-operations.ts',
    find: 'Math.min(172_800, 100 * HeartbeatTimeout)',
    replace: 'Math.max(172_801, 100 * HeartbeatTimeout)',
    tests: ['test/scenarios/uninstall.test.ts'],
    by: 'the hooks of others stay, on the same group and on others',
  },
  {
    broken: 'what is refused is said, and what is answered is not',
    file: 'simulator/answered.ts',
    find: '      say({ reply });\n',
    replace: '',
    tests: ['test/conform/check.test.ts'],
    by: 'the recorder hears what is answered',
  },
  {
    broken: 'the recorder looks at calls and complains of nothing',
    file: 'test/conform/record.ts',
    find: 'problems.push(...problemsIn(message as Answered));',
    replace: 'problemsIn(message as Answered);',
    tests: ['test/conform/check.test.ts'],
    by: 'the recorder keeps what does not fit until the test ends, which turns red then',
  },
  {
    broken: 'the recorder does not look for enums in lists',
    file: 'test/conform/sdk.ts',
    find: "const isMap = type.includes('Record<');",
    replace: "const isMap = type.includes('Record<');\n    if (type.includes('[]')) return undefined;",
    tests: ['test/conform/check.test.ts'],
    by: 'a request that was answered with a word of no enum in a list is complained of',
  },
  {
    broken: 'an operation that npm run touch does not touch passes',
    file: 'touch/row.ts',
    find: 'return [...judged, ...untouched];',
    replace: 'return judged;',
    tests: ['test/touch/touch.test.ts'],
    by: 'a row is added for an operation that is served and has no step',
  },
];
