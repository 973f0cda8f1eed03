import type { Sabotage } from './sabotage.ts';

const scenario = ['test/scenarios/interrupt.test.ts'];

/** Rules of the two minutes that Spot gives. */
export const interruptSabotages: readonly Sabotage[] = [
  {
    broken: 'a notice of Spot drains nothing',
    file: 'functions/interrupt.ts',
    find: "await startDraining(deps, enrolled, 'interruption', starting);",
    replace: '',
    tests: scenario,
    by: 'is drained within seconds of the notice',
  },
  {
    broken: 'nothing is stopped in time for the end of a Spot instance',
    file: 'lib/interrupt.ts',
    find: 'stop: times.filter(({ at }) => at <= now)',
    replace: 'stop: times.filter(({ at }) => at < notice.at)',
    tests: scenario,
    by: 'its tasks get SIGTERM in time for a stopTimeout of 90 s, behind a minimum of 100 % and { maximumPercent: 100 }',
  },
  {
    broken: 'nobody asks for a look at the next last call',
    file: 'functions/interrupt.ts',
    find: 'if (lookAt) await fleet.askToInterrupt(notice, secondsUntil(lookAt, now()));',
    replace: '',
    tests: scenario,
    by: 'its tasks get SIGTERM in time for a stopTimeout of 30 s, behind a minimum of 100 % and { maximumPercent: 100 }',
  },
  {
    broken: 'the last call of a task is the same whatever its stopTimeout',
    file: 'lib/workload.ts',
    find: 'deregistrationDelaySeconds + stopTimeoutSeconds;',
    replace: 'deregistrationDelaySeconds + Math.min(30, stopTimeoutSeconds);',
    tests: scenario,
    by: 'its tasks get SIGTERM in time for a stopTimeout of 90 s, behind a minimum of 100 % and {}',
  },
  {
    broken: 'tasks are stopped at once, although ECS would replace them first',
    file: 'lib/interrupt.ts',
    find: 'const seconds = Math.max(0, leadSeconds - secondsToStop(ending));',
    replace: 'const seconds = Math.min(0, secondsToStop(ending));',
    tests: scenario,
    by: 'what ECS can replace in time is stopped by ECS alone',
  },
  {
    broken: 'a load balancer takes no time',
    file: 'lib/workload.ts',
    find: "balanced.has(serviceNameOf(task) ?? '') ? deregistrationDelaySeconds : 0",
    replace: "balanced.has(serviceNameOf(task) ?? '') ? 0 : 0",
    tests: ['test/scenarios/late.test.ts'],
    by: 'have the time to leave their load balancer that the tag of the group says',
  },
  {
    broken: 'a paused group is drained when Spot says so',
    file: 'lib/interrupt.ts',
    find: "if (policy.state === 'paused') return 'paused';",
    replace: '',
    tests: scenario,
    by: 'about an instance of a paused group changes nothing',
  },
  {
    broken: 'a group that wants no interruptions is drained when Spot says so',
    file: 'lib/interrupt.ts',
    find: "return policy.interrupt ? undefined : 'off';",
    replace: 'return undefined;',
    tests: scenario,
    by: 'about an instance of a group that does not want it changes nothing',
  },
  {
    broken: 'a notice is acted on although its two minutes are over',
    file: 'lib/interrupt.ts',
    find: "if (now >= after(at, noticeSeconds)) return 'too-late';",
    replace: '',
    tests: ['test/functions/interrupt.test.ts'],
    by: 'after its two minutes',
  },
  {
    broken: 'an instance that is marked for an interruption counts as leaving before Auto Scaling says so',
    file: 'lib/evidence.ts',
    find: '(isHookOurs ? mark.at : undefined)',
    replace: '(isHookOurs ? mark.at : mark?.at)',
    tests: ['test/functions/release-doubt.test.ts'],
    by: 'about an instance that Spot takes back is not assumed',
  },
];
