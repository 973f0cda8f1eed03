import { describe, expect, it } from 'vitest';
import { compileCondition } from '../../../../simulator/cloud/iam/condition.ts';

const refuse = (where: string, expected: string, got: unknown) =>
  new Error(`${where}: expected ${expected}, got ${JSON.stringify(got)}`);
const holds = (block: unknown, context: Record<string, string> = {}) =>
  compileCondition(block, 'Condition', refuse)(new Map(Object.entries(context)));

const cluster = 'arn:aws:ecs:eu-west-1:111122223333:cluster/prod';

describe('operators', () => {
  it.each([
    ['StringEquals', 'prod', 'prod', true],
    ['StringEquals', 'Prod', 'prod', false],
    ['StringEquals', 'pr*', 'prod', false],
    ['StringNotEquals', 'prod', 'prod', false],
    ['StringNotEquals', 'prod', 'test', true],
    ['StringNotEquals', ['prod', 'test'], 'test', false],
    ['StringEqualsIgnoreCase', 'PROD', 'prod', true],
    ['StringEqualsIgnoreCase', 'prod', 'PROD', true],
    ['StringNotEqualsIgnoreCase', 'PROD', 'prod', false],
    ['StringLike', 'pr?d-*', 'prod-1', true],
    ['StringLike', 'pr?d-*', 'test-1', false],
    ['StringLike', 'p.od', 'prod', false],
    ['StringLike', ['a', 'prod'], 'prod', true],
    ['StringNotLike', 'prod-*', 'prod-1', false],
    ['StringNotLike', 'prod-*', 'test-1', true],
    ['ArnEquals', cluster, cluster, true],
    ['ArnEquals', 'arn:aws:ecs:*:*:cluster/*', cluster, true],
    ['ArnLike', 'arn:aws:ecs:*:*:cluster/te*', cluster, false],
    ['ArnLike', 'arn:*', cluster, false],
    ['ArnLike', '*', cluster, false],
    ['ArnLike', 'arn:aws:ecs:*:cluster/prod', cluster, false],
    ['ArnLike', 'arn:aws:logs:*:*:log-group:a:*', 'arn:aws:logs:eu-west-1:1:log-group:a:b:c', true],
    ['ArnEquals', cluster, 'prod', false],
    ['ArnNotEquals', cluster, cluster, false],
    ['ArnNotLike', 'arn:aws:ecs:*:*:cluster/te*', cluster, true],
    ['Bool', 'true', 'true', true],
    ['Bool', false, 'false', true],
    ['Bool', 'true', 'false', false],
    ['NumericEquals', 5, '5.0', true],
    ['NumericNotEquals', '5', '5', false],
    ['NumericLessThan', 5, '5', false],
    ['NumericLessThan', 5, '4', true],
    ['NumericLessThanEquals', 5, '5', true],
    ['NumericGreaterThan', 5, '5', false],
    ['NumericGreaterThan', 5, '6', true],
    ['NumericGreaterThanEquals', 5, '5', true],
    ['NumericLessThan', 5, 'many', false],
    ['NumericLessThan', 5, '', false],
    ['Null', 'true', 'x', false],
    ['Null', false, 'x', true],
  ])('%s %j on %j: %s', (operator, wanted, actual, answer) => {
    expect(holds({ [operator]: { key: wanted } }, { key: actual })).toBe(answer);
  });

  it.each([
    ['StringEquals', 'x', false],
    ['StringLike', '*', false],
    ['ArnLike', cluster, false],
    ['Bool', 'false', false],
    ['NumericLessThan', 5, false],
    ['StringNotEquals', 'x', true],
    ['StringNotLike', 'x', true],
    ['ArnNotEquals', cluster, true],
    ['StringEqualsIfExists', 'x', true],
    ['BoolIfExists', 'true', true],
    ['StringNotEqualsIfExists', 'x', true],
    ['Null', 'true', true],
    ['Null', 'false', false],
    ['ForAllValues:StringEquals', 'x', true],
    ['ForAnyValue:StringEquals', 'x', false],
    ['ForAnyValue:StringNotEquals', 'x', false],
    ['ForAnyValue:StringEqualsIfExists', 'x', true],
  ])('%s %j without the key: %s', (operator, wanted, answer) => {
    expect(holds({ [operator]: { key: wanted } })).toBe(answer);
  });

  it('compare a key that is there although it need not be', () => {
    expect(holds({ StringEqualsIfExists: { key: 'x' } }, { key: 'y' })).toBe(false);
    expect(holds({ 'ForAllValues:StringLike': { key: ['x', 'y*'] } }, { key: 'yes' })).toBe(true);
    expect(holds({ 'ForAnyValue:StringLike': { key: ['x', 'y*'] } }, { key: 'no' })).toBe(false);
  });

  it('must all hold, for all keys', () => {
    const block = { StringEquals: { a: '1', b: '2' }, Bool: { c: 'true' } };
    expect(holds(block, { a: '1', b: '2', c: 'true' })).toBe(true);
    expect(holds(block, { a: '1', b: 'x', c: 'true' })).toBe(false);
    expect(holds(block, { a: '1', b: '2', c: 'false' })).toBe(false);
    expect(holds({})).toBe(true);
  });
});

describe('refusals', () => {
  it.each([
    [{ StringEqual: { a: 'b' } }, 'Condition.StringEqual: expected an operator'],
    [{ toString: { a: 'b' } }, 'Condition.toString: expected an operator'],
    [{ NullIfExists: { a: 'true' } }, 'Condition.NullIfExists: expected an operator'],
    [{ Null: { a: ['true', 'maybe'] } }, 'Condition.Null: expected true or false'],
    [{ StringEquals: 'a' }, 'Condition.StringEquals: expected an object'],
    [{ StringEquals: { a: [] } }, 'Condition.StringEquals.a: expected at least one value'],
    [
      { StringEquals: { a: { b: 'c' } } },
      'Condition.StringEquals.a: expected a string, a number or a boolean',
    ],
    [
      { StringEquals: { a: `\${aws:username}` } },
      'Condition.StringEquals.a: expected a value without policy variables',
    ],
    [[], 'Condition: expected an object'],
  ])('%j', (block, why) => {
    expect(() => holds(block)).toThrow(why);
  });
});
