import type { Sabotage } from './sabotage.ts';

const tests = ['test/simulator/autoscaling/replacements.test.ts'];

/** Rules of how a group replaces instances that work. */
export const replacementSabotages: readonly Sabotage[] = [
  {
    broken: 'capacity rebalancing terminates before the new instance works (D-3.20)',
    file: 'simulator/autoscaling/replacements.ts',
    find: 'else if (now < at) this.wakeAt(group.name, at);',
    replace: 'else if (now < 0) this.wakeAt(group.name, at);',
    tests,
    by: 'lets launch hooks and the warm-up of the new one pass, and the termination hook hold the old one (D-3.20)',
  },
  {
    broken: 'capacity rebalancing exceeds MaxSize without limit (D-13.61)',
    file: 'simulator/autoscaling/replacements.ts',
    find: 'if (ahead-- > 0)',
    replace: 'if (now > 0)',
    tests,
    by: 'exceeds MaxSize by a tenth of the desired capacity or by one, and replaces the others later (D-3.20, D-13.61)',
  },
  {
    broken: 'at the notice nothing is launched before Spot has taken the instance (D-3.20)',
    file: 'simulator/autoscaling/capacity.ts',
    find: 'if (waits || isWarm(instance) || isAside(instance)) return;',
    replace: 'if (now > 0 || waits || isWarm(instance) || isAside(instance)) return;',
    tests,
    by: 'terminates at the notice and launches at once, whether a recommendation came before or not (D-3.20)',
  },
  {
    broken: 'all instances that are as old as the others are replaced at once (D-13.60)',
    file: 'simulator/autoscaling/lifetime.ts',
    find: 'Math.min(at, next - pauseMs)',
    replace: 'Math.min(at, next)',
    tests: ['test/simulator/autoscaling/lifetime.test.ts'],
    by: 'replaces one instance at a time, with a pause, and each before it is older (D-13.60)',
  },
  {
    broken: 'the maximum lifetime replaces more than a tenth of a group at once (D-13.60)',
    file: 'simulator/autoscaling/wanted.ts',
    find: 'Math.max(1, Math.floor(members.length / 10))',
    replace: 'members.length',
    tests: ['test/simulator/autoscaling/lifetime.test.ts'],
    by: 'replaces a tenth of the group at once when there is no time for one at a time (D-13.60)',
  },
  {
    broken: 'a status check that fails counts before the grace period is over (D-3.17)',
    file: 'simulator/autoscaling/health.ts',
    find: 'Math.max(impairedAt + patienceMs, inServiceAt + graceMs)',
    replace: 'impairedAt + patienceMs',
    tests: ['test/simulator/autoscaling/health.test.ts'],
    by: 'is kept for the grace period',
  },
  {
    broken: 'status checks that failed once count when they pass again (D-13.62)',
    file: 'simulator/autoscaling/health.ts',
    find: 'if (instance) this.state.setInstance(now, { ...instance, impairedAt: undefined });',
    replace: 'if (instance) this.state.setInstance(now, instance);',
    tests: ['test/simulator/autoscaling/health.test.ts'],
    by: 'stays when the checks pass again in time, and begins anew when they fail anew (D-13.62)',
  },
];
