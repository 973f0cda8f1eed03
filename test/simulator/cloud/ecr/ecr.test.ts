import { DescribeRepositoriesCommand, ECRClient, RepositoryNotFoundException } from '@aws-sdk/client-ecr';
import { expect, it } from 'vitest';
import { clientConfig, operated } from '../operator.ts';

it('has no repository, whoever asks for one by name', async () => {
  const ecr = new ECRClient(clientConfig(operated().account));
  expect((await ecr.send(new DescribeRepositoriesCommand({}))).repositories).toEqual([]);
  const named = ecr.send(new DescribeRepositoriesCommand({ repositoryNames: ['serverless-x-prod'] }));
  await expect(named).rejects.toThrow(RepositoryNotFoundException);
});
