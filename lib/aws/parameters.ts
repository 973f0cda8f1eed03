import {
  GetParameterCommand,
  ParameterNotFound,
  PutParameterCommand,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import type { CapacityFleet } from '../capacity.ts';
import { parameterNameOf } from '../ledger.ts';

/** One parameter of Systems Manager a cluster; it keeps the last hundred versions. */
export function parameters(client: SSMClient): Pick<CapacityFleet, 'read' | 'write'> {
  return {
    read: async (clusterName) => {
      try {
        const { Parameter } = await client.send(
          new GetParameterCommand({ Name: parameterNameOf(clusterName) }),
        );
        return { text: Parameter?.Value ?? '', version: Parameter?.Version ?? 0 };
      } catch (error) {
        if (error instanceof ParameterNotFound) return undefined;
        throw error;
      }
    },
    write: async (clusterName, text) => {
      const { Version = 0 } = await client.send(
        new PutParameterCommand({
          Name: parameterNameOf(clusterName),
          Description: 'What ecs-steward has shifted, and home: do not delete it while that is so',
          Type: 'String',
          Value: text,
          Overwrite: true,
        }),
      );
      return Version;
    },
  };
}
