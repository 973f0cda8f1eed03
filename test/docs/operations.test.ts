import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Account } from '../../simulator/account.ts';
import type { ServiceName } from '../../simulator/machine.ts';
import { serviceNames } from '../../simulator/wire/models.ts';
import { textOf, writtenFiles } from '../files.ts';

interface Row {
  readonly service: ServiceName;
  readonly operation: string;
  readonly rules: string;
  readonly tests: readonly string[];
  readonly differences: string;
}

/** Which service a section is about, by the beginning of its heading. */
const headings: readonly (readonly [string, ServiceName])[] = [
  ['ECS', 'ecs'],
  ['Auto Scaling', 'autoscaling'],
  ['Systems Manager', 'ssm'],
  ['SQS', 'sqs'],
  ['EventBridge', 'events'],
  ['CloudFormation', 'cloudformation'],
  ['S3', 's3'],
  ['STS', 'sts'],
  ['Lambda', 'lambda'],
  ['CloudWatch Logs', 'logs'],
  ['ECR', 'ecr'],
];

/** The rows of one section, one for each operation; a row may be about several. Tests stand in the section's folder. */
function rowsOf(section: string): Row[] {
  const [heading = ''] = section.split('\n');
  const [, service] = headings.find(([name]) => heading.startsWith(name)) ?? [];
  const [, folder = ''] = /Tests are in `(test\/[^`]*?)(?:[^`/]*\.ts)?`/.exec(section) ?? [];
  return section
    .split('\n')
    .filter((line) => /^\| [A-Z]/.test(line))
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
    .flatMap(([, names = '', rules = '', tests = '', differences = '']) =>
      names.split(', ').map((operation) => {
        if (!service) throw new Error(`No service has the heading ${heading}`);
        const paths = tests.replaceAll('`', '').split(', ');
        const whole = paths.map((path) => (path.startsWith('test/') ? path : `${folder}${path}`));
        return { service, operation, rules, tests: whole, differences };
      }),
    );
}

/** A test with the scene that it plays in, where the calls may stand. */
function withScene(path: string): string[] {
  const scenes = [...textOf(path).matchAll(/from '(\.\/[\w-]*(?:scene|fixture)\.ts)'/g)];
  return [path, ...scenes.map(([, scene = '']) => posix.join(posix.dirname(path), scene))];
}

const [, ...sections] = textOf('docs/operations.md').split(/^## /m);
const rows = sections.flatMap(rowsOf);
const facts = new Set([...textOf('docs/aws-facts.md').matchAll(/^\| (D-\S+) \|/gm)].map(([, id]) => id));
const files = new Set(writtenFiles());

describe('docs/operations.md', () => {
  const { services } = new Account({ seed: 1 }).endpoint;

  it.each(serviceNames)(
    'has a row for each operation of %s that is answered, and for no other',
    (service) => {
      const named = rows.filter((row) => row.service === service).map(({ operation }) => operation);
      expect(named.toSorted()).toEqual(services[service].operationNames.toSorted());
    },
  );

  it.each(rows)('leaves nothing empty about $service $operation, and promises nothing', (row) => {
    const { rules, differences } = row;
    expect(rules).toMatch(/\w/);
    expect(differences).toMatch(/\w/);
    expect(`${rules} ${differences}`).not.toMatch(/\b(yet|soon|todo|planned|not implemented)\b/i);
  });

  it.each(rows)('names for $service $operation tests that speak of it and of each of its rules', (row) => {
    expect(row.tests.filter((path) => !files.has(path))).toEqual([]);
    const text = row.tests.flatMap(withScene).map(textOf).join('\n');
    expect(new RegExp(`\\b${row.operation}`).test(text)).toBe(true);
    const ids = [...row.rules.matchAll(/D-\d+\.\d+[a-z]?/g)].map(([id]) => id);
    expect(ids.filter((id) => !facts.has(id))).toEqual([]);
    expect(ids.filter((id) => !new RegExp(`${id}\\b`).test(text))).toEqual([]);
  });
});
