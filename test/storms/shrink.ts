import type { Faults } from '../../simulator/control/faults.ts';
import type { Plan } from './plan.ts';

/**
 * The smallest plan that it finds for which `fails` holds: without acts, without faults, without services and groups that
 * nothing needs. Deterministic; asks `fails` at most `triesMax` times.
 */
export async function shrink(
  plan: Plan,
  fails: (plan: Plan) => Promise<boolean>,
  triesMax = 200,
): Promise<Plan> {
  let best = plan;
  let tries = 0;
  const keepIf = async (smaller: Plan) => {
    if (tries >= triesMax) return false;
    tries++;
    if (!(await fails(smaller))) return false;
    best = smaller;
    return true;
  };
  for (let size = Math.ceil(best.history.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < best.history.length; ) {
      const history = best.history.toSpliced(from, size);
      if (!(await keepIf({ ...best, history }))) from += size;
    }
  }
  for (const name of Object.keys(plan.faults) as (keyof Faults)[]) {
    const { [name]: _, ...faults } = best.faults;
    await keepIf({ ...best, faults });
  }
  for (const service of plan.services)
    await keepIf({ ...best, services: best.services.filter((one) => one !== service) });
  for (const group of plan.groups)
    await keepIf({ ...best, groups: best.groups.filter((one) => one !== group) });
  const lastSeconds = Math.max(0, ...best.history.map(({ atSeconds }) => atSeconds));
  await keepIf({ ...best, seconds: Math.min(best.seconds, lastSeconds + 60) });
  return best;
}
