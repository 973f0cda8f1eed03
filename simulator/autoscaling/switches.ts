/** What is not known for sure of EC2 Auto Scaling; docs/simulator.md tells of each. */
export interface AutoScalingSwitches {
  /** A changed OnDemandBaseCapacity replaces instances in service, as a changed percentage does (D-13.9). */
  readonly baseReplaces: boolean;
}

/** The more likely side of every switch. */
export const usualSwitches: AutoScalingSwitches = { baseReplaces: true };
