import { GetCallerIdentityCommand, GetSessionTokenCommand, STSClient } from '@aws-sdk/client-sts';
import { expect, it } from 'vitest';
import { program, role, scene, template } from '../cloudformation/scene.ts';
import { clientConfig } from '../operator.ts';

it('says who calls: the operator, or the role of the environment whose key it is', async () => {
  let key = '';
  const { account, create, settle, sts } = scene({
    tell:
      ({ environment }) =>
      async () => {
        key = environment.AWS_ACCESS_KEY_ID ?? '';
      },
  });
  expect(await sts.send(new GetCallerIdentityCommand({}))).toMatchObject({
    Account: '111122223333',
    Arn: 'arn:aws:iam::111122223333:root',
    UserId: '111122223333',
  });
  await create(template({ Role: role, Work: program('tell', { FunctionName: 'work' }) }));
  await settle();
  account.lambda.invoke('work', '{}', 'test', () => undefined);
  await account.advance(2);
  const own = new STSClient(clientConfig(account, key));
  const { Arn } = await own.send(new GetCallerIdentityCommand({}));
  expect(Arn).toMatch(/^arn:aws:sts::111122223333:assumed-role\/one-Role-[0-9A-F]{12}\/work$/);
  account.lambda.retire('work');
  expect((await own.send(new GetCallerIdentityCommand({}))).Arn).toBe('arn:aws:iam::111122223333:root');
  await expect(sts.send(new GetSessionTokenCommand({}))).rejects.toThrow(/does not know sts:GetSessionToken/);
});
