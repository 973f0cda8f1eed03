import { describe, expect, it } from 'vitest';
import { isAllowed } from '../../../../simulator/cloud/iam/iam.ts';
import { Roles } from '../../../../simulator/cloud/iam/roles.ts';

const trusting = (service: string) => ({
  Statement: {
    Effect: 'Allow' as const,
    Principal: { Service: [service] },
    Action: ['sts:AssumeRole'],
  },
});
const allowing = (Action: string) => ({ Statement: { Effect: 'Allow' as const, Action, Resource: '*' } });

const arn = 'arn:aws:iam::111122223333:role/steward/admit';
const trust = trusting('lambda.amazonaws.com');

function admit() {
  const roles = new Roles();
  roles.create({ name: 'admit', arn, trust });
  roles.putPolicy('admit', 'list', allowing('ecs:ListTasks'));
  const may = (action: string) => isAllowed(roles.policiesOf(arn), { action, resource: 'x', context: {} });
  return { roles, may };
}

describe('a role', () => {
  it('may do what its policies say now', () => {
    const { roles, may } = admit();
    const held = roles.role(arn);
    expect([may('ecs:ListTasks'), may('ecs:StopTask')]).toEqual([true, false]);
    roles.putPolicy('admit', 'stop', allowing('ecs:StopTask'));
    roles.putPolicy('admit', 'list', allowing('ecs:ListClusters'));
    expect([may('ecs:ListTasks'), may('ecs:StopTask')]).toEqual([false, true]);
    expect(held?.policies).toEqual(roles.policiesOf(arn));
    roles.deletePolicy('admit', 'list');
    roles.deletePolicy('admit', 'stop');
    roles.delete('admit');
    expect(held?.policies).toEqual([]);
    expect(roles.role(arn)).toBeUndefined();
  });

  it('is assumed by whom it trusts now', () => {
    const { roles } = admit();
    const services = ['lambda.amazonaws.com', 'events.amazonaws.com'];
    const trusted = () => services.map((service) => roles.trusts(arn, service));
    expect(trusted()).toEqual([true, false]);
    roles.setTrust('admit', trusting('events.amazonaws.com'));
    expect(trusted()).toEqual([false, true]);
    expect(roles.trusts('arn:aws:iam::111122223333:role/other/admit', 'events.amazonaws.com')).toBe(false);
  });

  it.each<[string, (roles: Roles) => void, string]>([
    [
      'of a name that is taken',
      (roles) => roles.create({ name: 'admit', arn, trust }),
      'EntityAlreadyExists',
    ],
    ['that has a policy, when it is deleted', (roles) => roles.delete('admit'), 'DeleteConflict'],
    ['that does not exist', (roles) => roles.putPolicy('other', 'p', allowing('*')), 'NoSuchEntity'],
    ['for a policy that it lacks', (roles) => roles.deletePolicy('admit', 'p'), 'NoSuchEntity'],
  ])('is refused %s', (_, act, code) => {
    expect(() => act(admit().roles)).toThrow(expect.objectContaining({ code }));
  });
});
