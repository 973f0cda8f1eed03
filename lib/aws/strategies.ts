import {
  type CapacityProvider,
  type CapacityProviderStrategyItem,
  DescribeCapacityProvidersCommand,
  DescribeServicesCommand,
  type ECSClient,
  type Service as EcsService,
  ListServicesCommand,
  PutClusterCapacityProvidersCommand,
  UpdateInProgressException,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import type { CapacityFleet, PlacedService, Provider } from '../capacity.ts';
import { chunks } from '../grouping.ts';
import type { Strategy } from '../strategy.ts';
import { pages } from './paging.ts';

/** D-4.10, D-5.14, D-5.15. */
const providersPerDescribe = 10;
const servicesPerDescribe = 10;
const servicesPerPage = 100;

/** What ECS says of capacity providers and of who uses them, and how that is changed. */
export function strategies(
  client: ECSClient,
): Pick<CapacityFleet, 'providers' | 'serviceNames' | 'placedServices' | 'redeploy' | 'putDefaultStrategy'> {
  return {
    providers: async (names) => {
      const found: Provider[] = [];
      for (const capacityProviders of chunks(names, providersPerDescribe)) {
        const answer = await client.send(new DescribeCapacityProvidersCommand({ capacityProviders }));
        found.push(...(answer.capacityProviders ?? []).map(providerOf));
      }
      return found;
    },
    serviceNames: async (cluster) => {
      const arns = await pages(async (nextToken) => {
        const page = await client.send(
          new ListServicesCommand({ cluster, maxResults: servicesPerPage, nextToken }),
        );
        return { items: page.serviceArns ?? [], nextToken: page.nextToken };
      });
      return arns.map((arn) => arn.slice(arn.lastIndexOf('/') + 1));
    },
    placedServices: async (cluster, serviceNames) => {
      const found: PlacedService[] = [];
      for (const services of chunks(serviceNames, servicesPerDescribe)) {
        const answer = await client.send(
          new DescribeServicesCommand({ cluster, services, include: ['TAGS'] }),
        );
        found.push(...(answer.services ?? []).map(serviceOf));
      }
      return found;
    },
    redeploy: async (cluster, service, strategy) => {
      await client.send(
        new UpdateServiceCommand({
          cluster,
          service,
          capacityProviderStrategy: [...strategy],
          forceNewDeployment: true,
        }),
      );
    },
    // The call replaces the list of providers, so it names every one that is there (D-4.16).
    putDefaultStrategy: async ({ clusterName, capacityProviders }, strategy) => {
      try {
        await client.send(
          new PutClusterCapacityProvidersCommand({
            cluster: clusterName,
            capacityProviders: [...capacityProviders],
            defaultCapacityProviderStrategy: [...strategy],
          }),
        );
        return 'put';
      } catch (error) {
        if (error instanceof UpdateInProgressException) return 'busy';
        throw error;
      }
    },
  };
}

/** A strategy as ECS has it: what is not said is 0 (D-4.33). */
export function strategyOf(items: readonly CapacityProviderStrategyItem[] = []): Strategy {
  return items.map(({ capacityProvider = '', weight = 0, base = 0 }) => ({ capacityProvider, weight, base }));
}

function providerOf(provider: CapacityProvider): Provider {
  const { name = '', autoScalingGroupProvider: group } = provider;
  const arn = group?.autoScalingGroupArn;
  const isFargate = name === 'FARGATE' || name === 'FARGATE_SPOT';
  return {
    name,
    kind: arn === undefined ? (isFargate ? 'fargate' : 'managed') : 'group',
    autoScalingGroupName: arn?.slice(arn.lastIndexOf('/') + 1),
    isUsable: provider.status === 'ACTIVE' && provider.updateStatus !== 'DELETE_IN_PROGRESS',
  };
}

function serviceOf(service: EcsService): PlacedService {
  const { deployments = [], desiredCount = 0 } = service;
  const primary = deployments.find(({ status }) => status === 'PRIMARY');
  const isDeploying = deployments.length > 1 || primary?.rolloutState === 'IN_PROGRESS';
  const there = (primary?.runningCount ?? 0) + (primary?.pendingCount ?? 0);
  return {
    serviceName: service.serviceName ?? '',
    tags: Object.fromEntries((service.tags ?? []).map(({ key = '', value = '' }) => [key, value])),
    isActive: service.status === 'ACTIVE',
    schedulingStrategy: service.schedulingStrategy ?? 'REPLICA',
    deploymentController: service.deploymentController?.type ?? 'ECS',
    strategy: strategyOf(service.capacityProviderStrategy),
    createdAt: service.createdAt,
    deployingSince: isDeploying ? primary?.createdAt : undefined,
    missingCount: Math.max(0, desiredCount - there),
  };
}
