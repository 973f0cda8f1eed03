import type { Sabotage } from './sabotage.ts';

const operations = ['test/simulator/cloud/cloudformation/operation.test.ts'];
const customs = ['test/simulator/cloud/cloudformation/custom.test.ts'];

/** Rules of stacks. */
export const cloudformationSabotages: readonly Sabotage[] = [
  {
    broken: 'a resource is begun before what it needs is there',
    file: 'simulator/cloud/cloudformation/steps.ts',
    find: '[...after].every((key) => !open.has(key) && !this.failed.has(key)),',
    replace: '[...after].every((key) => open.size >= 0 && !this.failed.has(key)),',
    tests: operations,
    by: 'takes a second a resource, each after those that it needs, those that need nothing at once',
  },
  {
    broken: 'what was replaced stays',
    file: 'simulator/cloud/cloudformation/work.ts',
    find: 'if (isWell && member.resource && member.resource.physicalId !== before.physicalId)',
    replace: 'if (!isWell && member.resource && member.resource.physicalId !== before.physicalId)',
    tests: [...operations, ...customs],
    by: 'that takes another name on an update leaves the old one to be deleted at the end',
  },
  {
    broken: 'a rollback leaves what was changed',
    file: 'simulator/cloud/cloudformation/work.ts',
    find: 'if (isUnsure || (resource !== before && (isCustom(member.type) || !isOther))) {',
    replace: 'if (isUnsure) {',
    tests: operations,
    by: 'is as it was before when one resource fails: changed back, replaced back, and what was added is gone',
  },
  {
    broken: 'a bucket goes with all that is in it',
    file: 'simulator/cloud/s3/buckets.ts',
    find: 'if (this.bucket(name).keys.size > 0)',
    replace: 'if (this.bucket(name).keys.size < 0)',
    tests: operations,
    by: 'fails with a bucket that is not empty, and goes on with the rest of it when it is deleted again',
  },
  {
    broken: 'other code runs in the old environments',
    file: 'simulator/cloud/lambda/functions.ts',
    find: 'deployed.code = runtime(definition.handler);\n    this.retire(definition.functionName);',
    replace: 'deployed.code = runtime(definition.handler);',
    tests: ['test/simulator/cloud/lambda/api.test.ts'],
    by: 'changes with other code, from S3 or as it comes',
  },
  {
    broken: 'a change set without changes is one like the others',
    file: 'simulator/cloud/cloudformation/change-set.ts',
    find: '? undefined : noChanges;',
    replace: '? undefined : undefined;',
    tests: ['test/simulator/cloud/cloudformation/cloudformation.test.ts'],
    by: 'without changes fails in the words of AWS, and goes away',
  },
  {
    broken: 'roles are made without leave',
    file: 'simulator/cloud/cloudformation/input.ts',
    find: "if (!isNamed && capabilities.includes('CAPABILITY_IAM')) return;",
    replace: 'if (!isNamed) return;',
    tests: ['test/simulator/cloud/cloudformation/cloudformation.test.ts'],
    by: 'with roles without leave',
  },
];
