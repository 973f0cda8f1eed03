import type { Sabotage } from './sabotage.ts';

const scenarios = ['test/scenarios/uninstall.test.ts'];
const functions = ['test/functions/uninstall.test.ts'];
const stack = ['test/stack/uninstall.test.ts'];
const wholeStacks = ['test/scenarios/uninstall-stack.test.ts'];
const updates = ['test/scenarios/update.test.ts'];
const deployments = ['test/deploy/departure.test.ts'];

/** Rules of uninstalling. */
export const uninstallSabotages: readonly Sabotage[] = [
  {
    broken: 'uninstalling does not care who waits',
    file: 'lib/uninstall.ts',
    find: 'if (refusing.length > 0) return',
    replace: 'if (refusing.length > 1000) return',
    tests: scenarios,
    by: 'while an instance waits it refuses, the departure ends as it would have, and the next removal succeeds',
  },
  {
    broken: 'uninstalling stops the sweep before anybody looked who waits',
    file: 'functions/uninstall.ts',
    find: 'const refusal = refusalTo(await hookedGroups(deps, checkTime));\n  if (refusal !== undefined) return refusal;\n  await estate.disableSweep();',
    replace: 'await estate.disableSweep();',
    tests: functions,
    by: 'uninstalling refuses at the first look while an instance waits, and leaves hooks and sweep as they are',
  },
  {
    broken: 'uninstalling deletes hooks before the second look',
    file: 'functions/uninstall.ts',
    find: 'refusalTo(hooked) ?? (await deleteHooks(deps, hooked, checkTime))',
    replace: '(await deleteHooks(deps, hooked, checkTime)) ?? refusalTo(hooked)',
    tests: functions,
    by: 'uninstalling refuses at the second look when a departure has begun meanwhile, with every hook in place',
  },
  {
    broken: 'uninstalling does not read a group again before its hook is deleted',
    file: 'functions/uninstall.ts',
    find: 'decideUninstall(await Promise.all(groups.map((group) => withPool(estate, group))))',
    replace: 'decideUninstall(groups.slice(0, 0))',
    tests: functions,
    by: 'uninstalling reads each group once more just before its hook is deleted',
  },
  {
    broken: 'uninstalling lets the sweep run on',
    file: 'functions/uninstall.ts',
    find: 'await estate.disableSweep();',
    replace: '',
    tests: scenarios,
    by: 'when nothing waits our hook is deleted and no sweep puts it back',
  },
  {
    broken: 'uninstalling does not wait for a sweep that is under way',
    file: 'functions/uninstall.ts',
    find: 'await sleep(quietMs);',
    replace: '',
    tests: scenarios,
    by: 'a sweep that begins late puts a hook, which is deleted like the others',
  },
  {
    broken: 'the sweep stays off after a refusal',
    file: 'functions/uninstall.ts',
    find: 'await estate.enableSweep();',
    replace: '',
    tests: scenarios,
    by: 'a departure that begins makes it refuse, and the sweep goes on',
  },
  {
    broken: 'the hook of another team is deleted',
    file: 'lib/aws/autoscaling.ts',
    find: 'new DeleteLifecycleHookCommand({ AutoScalingGroupName, LifecycleHookName })',
    replace: "new DeleteLifecycleHookCommand({ AutoScalingGroupName, LifecycleHookName: 'another-team' })",
    tests: scenarios,
    by: 'the hooks of others stay, on the same group and on others',
  },
  {
    broken: 'uninstalling looks at enrolled groups only',
    file: 'lib/aws/autoscaling.ts',
    find: 'allGroups: () => describeGroups(client, {})',
    replace:
      "allGroups: () => describeGroups(client, { Filters: [{ Name: 'tag-key', Values: [enrolmentTag] }] })",
    tests: scenarios,
    by: 'when nothing waits a hook whose tag was taken away is deleted too',
  },
  {
    broken: 'uninstalling is forced on every group',
    file: 'lib/policy.ts',
    find: "return text === 'force' ?",
    replace: 'return text !== undefined ?',
    tests: ['test/lib/uninstall.test.ts'],
    by: 'hooks are kept where the tag reads "true", which means nothing',
  },
  {
    broken: 'CloudFormation is not answered where something fails',
    file: 'lib/lambda.ts',
    find: "return { kind: 'failed', reason: String(error) };",
    replace: 'throw error;',
    tests: ['test/lib/lambda.test.ts'],
    by: 'the custom resource answers FAILED with the reason where its behaviour fails, and tells',
  },
  {
    broken: 'the answer is put once',
    file: 'lib/answer.ts',
    find: 'const attemptsAfterMs = [0, 1000, 2000, 4000, 8000];',
    replace: 'const attemptsAfterMs = [0];',
    tests: scenarios,
    by: 'a request whose answer is not taken at first is answered again',
  },
  {
    broken: 'an answer may be too long for CloudFormation',
    file: 'lib/answer.ts',
    find: '.slice(0, reasonLengthMax)',
    replace: '',
    tests: ['test/lib/answer.test.ts'],
    by: 'an answer never has more than the 4096 bytes that CloudFormation takes',
  },
  {
    broken: 'a sweep after a gap trusts what it remembers of hooks',
    file: 'functions/sweep.ts',
    find: 'if (isGap) memory.hooksSeen.clear();',
    replace: '',
    tests: scenarios,
    by: 'in the middle, the sweep puts back within two minutes what was deleted',
  },
  {
    broken: 'uninstalling may switch any rule',
    file: 'infra/roles.yml',
    find: 'Action: [events:DisableRule, events:EnableRule]\n                Resource: !GetAtt SweepRule.Arn',
    replace: "Action: [events:DisableRule, events:EnableRule]\n                Resource: '*'",
    tests: ['test/stack/roles.test.ts'],
    by: 'the role of uninstall has events:DisableRule for the schedule of the sweep alone',
  },
  {
    broken: 'hooks of groups without our tag may not be deleted',
    file: 'infra/roles.yml',
    find: 'Action: autoscaling:DeleteLifecycleHook\n                Resource: *groups',
    replace:
      'Action: autoscaling:DeleteLifecycleHook\n                Resource: *groups\n                Condition: *enrolled',
    tests: scenarios,
    by: 'when nothing waits a hook whose tag was taken away is deleted too',
  },
  {
    broken: 'CloudFormation may delete anything before it asks to uninstall',
    file: 'infra/uninstall.yml',
    find: '    DependsOn:\n',
    replace: '    Metadata:\n      DependsOn:\n',
    tests: wholeStacks,
    by: 'while its tasks stop and changes nothing for it; deleted again, the stack goes',
  },
  {
    broken: 'a resource is forgotten in the list of what uninstalling comes before',
    file: 'infra/uninstall.yml',
    find: '      - ReleaseQueuePolicy\n',
    replace: '',
    tests: stack,
    by: 'comes before anything else of the stack is deleted',
  },
  {
    broken: 'an update to another version does not ask whether the function answers',
    file: 'infra/uninstall.yml',
    find: `      Version: \${file(package.json):version}`,
    replace: '',
    tests: stack,
    by: 'has its function asked by every update to another version',
  },
  {
    broken: 'a refusal is answered with success',
    file: 'lib/answer.ts',
    find: "Status: answer.kind === 'done' ? 'SUCCESS' : 'FAILED'",
    replace: "Status: 'SUCCESS'",
    tests: wholeStacks,
    by: 'while its tasks stop and changes nothing for it; deleted again, the stack goes',
  },
  {
    broken: 'whoever removes the service is not told which instance waits',
    file: 'lib/uninstall.ts',
    find: 'const ids = [...named,',
    replace: 'const ids = [',
    tests: deployments,
    by: 'and does not remove the service, and says why',
  },
  {
    broken: 'an update to another log level puts another queue in the place of one',
    file: 'infra/queues.yml',
    find: '  ReleaseQueue:\n    Type: AWS::SQS::Queue\n    Properties:\n',
    replace: `  ReleaseQueue:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: release-\${param:logLevel}
`,
    tests: updates,
    by: 'puts nothing in the place of a queue, a rule or a function',
  },
  {
    broken: 'an update of a queue loses the messages in it',
    file: 'simulator/cloud/provision/sqs.ts',
    find: 'sqs.changeQueue(world.now, resource.arn, propertiesOf<QueueAttributes>(resource));',
    replace:
      'sqs.changeQueue(world.now, resource.arn, propertiesOf<QueueAttributes>(resource));\n      sqs.queue(resource.arn)?.purge(world.now);',
    tests: updates,
    by: 'to a version where everything is otherwise loses nothing',
  },
  {
    broken: 'a function runs on from the zip that it was created with',
    file: 'simulator/cloud/lambda/functions.ts',
    find: 'deployed.code = runtime(definition.handler);',
    replace: '',
    tests: deployments,
    by: 'in the middle of a departure sls deploys a change',
  },
];
