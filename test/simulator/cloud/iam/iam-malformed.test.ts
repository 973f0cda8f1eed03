import { describe, expect, it } from 'vitest';
import { checkPolicy } from '../../../../simulator/cloud/iam/iam.ts';

describe('a malformed policy', () => {
  const statement = { Effect: 'Allow', Action: 'a:b', Resource: '*' };

  it.each([
    ['no Statement', { Version: '2012-10-17' }, '$: expected an object with Statement'],
    [
      'an unknown element',
      { Statement: [], Statements: [] },
      'Statements: expected Version, Id or Statement',
    ],
    ['a statement that is none', { Statement: [null] }, 'Statement[0]: expected an object, got null'],
    [
      'an unknown version',
      { Version: '2020-01-01', Statement: [] },
      'Version: expected 2012-10-17 or 2008-10-17',
    ],
    [
      'an unknown element of a statement',
      { Statement: { ...statement, Ressource: '*' } },
      'Statement[0].Ressource: expected one of Sid',
    ],
    [
      'an Effect that is none',
      { Statement: { ...statement, Effect: 'allow' } },
      'Statement[0].Effect: expected Allow or Deny, got "allow"',
    ],
    [
      'no Action',
      { Statement: { Effect: 'Allow', Resource: '*' } },
      'Statement[0]: expected Action or NotAction',
    ],
    [
      'both Action and NotAction',
      { Statement: { ...statement, NotAction: 'c:d' } },
      'Action or NotAction, not both',
    ],
    [
      'no Resource',
      { Statement: { Effect: 'Allow', Action: 'a:b' } },
      'Statement[0]: expected Resource or NotResource',
    ],
    [
      'a Principal',
      { Statement: { ...statement, Principal: '*' } },
      'no Principal in the policy of an identity',
    ],
    [
      'a policy variable',
      { Statement: { ...statement, Resource: `arn:\${aws:username}` } },
      'strings without policy variables',
    ],
    [
      'an unknown operator',
      { Statement: { ...statement, Condition: { StringEqual: { a: 'b' } } } },
      'Statement[0].Condition.StringEqual: expected an operator',
    ],
    [
      'an operator of dates',
      { Statement: { ...statement, Condition: { DateLessThan: { a: 'b' } } } },
      'Condition.DateLessThan: expected an operator',
    ],
  ])('of an identity is refused: %s', (_, document, why) => {
    expect(() => checkPolicy(document, 'identity')).toThrow(why);
    expect(() => checkPolicy(document, 'identity')).toThrow(
      expect.objectContaining({ code: 'MalformedPolicyDocument' }),
    );
  });

  it('of a resource or a role is refused: no Principal, an unknown one, a Resource in a trust policy', () => {
    expect(() => checkPolicy({ Statement: statement }, 'resource')).toThrow(
      'Principal: expected "*", AWS or Service',
    );
    const federated = { Statement: { ...statement, Principal: { Federated: 'x' } } };
    expect(() => checkPolicy(federated, 'resource')).toThrow('Principal.Federated: expected AWS or Service');
    const trust = { Statement: { ...statement, Principal: '*' } };
    expect(() => checkPolicy(trust, 'trust')).toThrow('no Resource in the trust policy of a role');
  });
});
