/** What an account may have of ECS at most (D-14.60). */
export interface Quotas {
  readonly clusters: number;
  readonly instancesPerCluster: number;
  readonly servicesPerCluster: number;
  /** The desired count of a service. */
  readonly tasksPerService: number;
  readonly providersPerCluster: number;
  readonly targetGroupsPerService: number;
  readonly containersPerDefinition: number;
  /** Tasks of one cluster that wait for an instance (D-4.32). */
  readonly provisioningTasksPerCluster: number;
}

/** AWS's defaults; a young account may have less at first. */
export const usualQuotas: Quotas = {
  clusters: 10_000,
  instancesPerCluster: 5_000,
  servicesPerCluster: 5_000,
  tasksPerService: 5_000,
  providersPerCluster: 20,
  targetGroupsPerService: 5,
  containersPerDefinition: 10,
  provisioningTasksPerCluster: 500,
};
