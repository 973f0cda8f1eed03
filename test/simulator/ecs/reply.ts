type Row = Readonly<Record<string, unknown>>;

/** The members of replies that tests look into. */
export type Reply = {
  readonly cluster: Row;
  readonly clusters: readonly Row[];
  readonly clusterArns: readonly string[];
  readonly taskDefinition: Row & { readonly taskDefinitionArn: string };
  readonly service: ServiceReply;
  readonly services: readonly ServiceReply[];
  readonly serviceArns: readonly string[];
  readonly tasks: readonly (Row & { readonly taskArn: string; readonly version: number })[];
  readonly task: Row;
  readonly taskArns: readonly string[];
  readonly containerInstance: Row;
  readonly containerInstances: readonly (Row & { readonly version: number })[];
  readonly containerInstanceArns: readonly string[];
  readonly attributes: readonly Row[];
  readonly setting: Row;
  readonly settings: readonly Row[];
  readonly tags: readonly Row[];
  readonly capacityProvider: Row;
  readonly capacityProviders: readonly Row[];
  readonly taskSet: Row & { readonly id: string; readonly taskSetArn: string };
  readonly taskSets: readonly Row[];
  readonly protectedTasks: readonly Row[];
  readonly taskDefinitions: readonly Row[];
  readonly taskDefinitionArns: readonly string[];
  readonly families: readonly string[];
  readonly acknowledgment: string;
  readonly failures: readonly Row[];
  readonly nextToken?: string;
};

type ServiceReply = Row & {
  readonly serviceArn: string;
  readonly deployments: readonly (Row & { readonly id: string })[];
  readonly events: readonly { readonly message: string }[];
};
