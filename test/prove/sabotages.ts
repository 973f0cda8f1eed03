import { autoscalingSabotages } from './autoscaling.ts';
import { budgetSabotages } from './budget.ts';
import { capacitySabotages } from './capacity.ts';
import { cloudformationSabotages } from './cloudformation.ts';
import { clusterSabotages } from './clusters.ts';
import { conformSabotages } from './conform.ts';
import { deadlineSabotages } from './deadlines.ts';
import { doubtSabotages } from './doubts.ts';
import { ecsSabotages } from './ecs.ts';
import { ecsSchedulerSabotages } from './ecs-scheduler.ts';
import { ecsServiceSabotages } from './ecs-services.ts';
import { endingSabotages } from './ending.ts';
import { instanceSabotages } from './instances.ts';
import { interruptSabotages } from './interrupt.ts';
import { operationSabotages } from './operations.ts';
import { processSabotages } from './process.ts';
import { rebalanceSabotages } from './rebalance.ts';
import { recommendationSabotages } from './recommendation.ts';
import { replacementSabotages } from './replacements.ts';
import type { Sabotage } from './sabotage.ts';
import { scaleSabotages } from './scale.ts';
import { serverSabotages } from './server.ts';
import { simulatorSabotages } from './simulator.ts';
import { stackSabotages } from './stack.ts';
import { stewardSabotages } from './steward.ts';
import { uninstallSabotages } from './uninstall.ts';
import { whySabotages } from './why.ts';

export type { Sabotage } from './sabotage.ts';

/** Every rule that is broken on purpose. */
export const sabotages: readonly Sabotage[] = [
  ...stewardSabotages,
  ...clusterSabotages,
  ...doubtSabotages,
  ...budgetSabotages,
  ...scaleSabotages,
  ...interruptSabotages,
  ...endingSabotages,
  ...recommendationSabotages,
  ...deadlineSabotages,
  ...uninstallSabotages,
  ...simulatorSabotages,
  ...processSabotages,
  ...ecsSabotages,
  ...ecsSchedulerSabotages,
  ...ecsServiceSabotages,
  ...instanceSabotages,
  ...capacitySabotages,
  ...serverSabotages,
  ...autoscalingSabotages,
  ...replacementSabotages,
  ...stackSabotages,
  ...cloudformationSabotages,
  ...conformSabotages,
  ...whySabotages,
  ...rebalanceSabotages,
  ...operationSabotages,
];
