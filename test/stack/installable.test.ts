import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadTemplate, type Stack } from '../../simulator/cloud/template/template.ts';
import { root, textOf } from '../files.ts';
import { lintTemplate } from './lint.ts';
import { compileWith } from './package.ts';
import { withRelease } from './release.ts';
import { compiledTemplate, deployed, type Template } from './template.ts';

const { files, template } = await withRelease((release) => release);
const { parameters } = (await import(pathToFileURL(join(root, 'infra/parameters.mjs')).href)) as {
  parameters: Record<string, { option: string; placeholder: string }>;
};
const { installable } = (await import(pathToFileURL(join(root, 'infra/installable.mjs')).href)) as {
  installable: (
    compiled: unknown,
    given: { description: string; artifactOf: (zip: string) => string },
  ) => Template;
};

const artifacts = { ArtifactBucket: 'artifacts' };
const topic = 'arn:aws:sns:us-east-1:111122223333:alarms';

/** A reference in a text, as Fn::Sub spells it. */
const sub = (name: string) => `\${${name}}`;

/** What an installation consists of, in any order and without what only the framework needs: its bucket, and where code is. */
function essence({ resources, outputs }: Stack) {
  const { ServerlessDeploymentBucketName: _, ...others } = outputs;
  const essential = [...resources.values()]
    .filter(({ logicalId }) => !logicalId.startsWith('ServerlessDeploymentBucket'))
    .map(({ type, physicalId, arn, properties: { Code: _code, ...properties } }) => [
      `${type} ${physicalId}`,
      { arn, properties },
    ]);
  return { resources: Object.fromEntries(essential), outputs: others };
}

describe('the template of a release', () => {
  it('holds nothing that CloudFormation would refuse', () => {
    expect(lintTemplate(template)).toEqual([]);
  });

  it('is no larger than what CloudFormation takes from a bucket', () => {
    // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
    expect(files.get('ecs-steward.template.json')?.length).toBeLessThanOrEqual(1_000_000);
  });

  it.each<[what: string, values: Record<string, string>, options: string[]]>([
    ['defaults', {}, []],
    ['some clusters', { Clusters: 'prod-*' }, ['--param=clusters=prod-*']],
    ['a topic for alarms', { AlarmTopicArn: topic }, [`--param=alarmTopicArn=${topic}`]],
    [
      'another value everywhere',
      { Clusters: 'web', AlarmTopicArn: topic, LogLevel: 'DEBUG', RetentionDays: '90', Stage: 'dev-2' },
      [
        '--stage=dev-2',
        '--param=clusters=web',
        `--param=alarmTopicArn=${topic}`,
        '--param=logLevel=DEBUG',
        '--param=retentionDays=90',
      ],
    ],
  ])('makes what sls deploy makes, for %s', (_what, values, options) => {
    const compiled = options.length > 0 ? (JSON.parse(compileWith(...options)) as Template) : undefined;
    expect(essence(deployed(template, { ...artifacts, ...values }))).toEqual(essence(deployed(compiled)));
  });

  it('keeps what is not a property as sls package compiles it: types, dependencies, conditions, outputs', () => {
    const { Resources, Outputs, Conditions } = compiledTemplate();
    const own = Object.entries(Resources).filter(([id]) => !id.startsWith('ServerlessDeploymentBucket'));
    const outline = (resources: Template['Resources']) =>
      Object.fromEntries(Object.entries(resources).map(([id, { Properties: _, ...others }]) => [id, others]));
    expect(outline(template.Resources)).toEqual(outline(Object.fromEntries(own)));
    expect(Object.keys(template.Conditions ?? {})).toEqual(Object.keys(Conditions ?? {}));
    const { ServerlessDeploymentBucketName: _, ...outputs } = Outputs ?? {};
    expect(template.Outputs).toEqual(outputs);
  });

  it('takes the code of every function from the bucket and under the prefix that it is given', () => {
    const stack = deployed(template, { ...artifacts, ArtifactPrefix: 'steward/' });
    const functions = [...stack.resources.values()].filter(({ type }) => type === 'AWS::Lambda::Function');
    const zips = [...files.keys()].filter((name) => name.endsWith('.zip'));
    expect(functions.map(({ properties }) => properties.Code)).toEqual(
      functions.map(({ physicalId }) => ({
        S3Bucket: 'artifacts',
        S3Key: `steward/${zips.find((zip) => zip.startsWith(`${physicalId.split('-').at(-1)}-`))}`,
      })),
    );
    expect(functions).toHaveLength(zips.length);
  });

  it('has a parameter for everything that serverless.yml lets one choose, with its default and a description', () => {
    const [, block = ''] = /^params:\n {2}default:\n((?: {4}.*\n)+)/m.exec(textOf('serverless.yml')) ?? [];
    const chosen = [...block.matchAll(/^ {4}(\w+): '?(.*?)'?$/gm)].map(([, name = '', value]) => [
      name.replace(/^./, (letter) => letter.toUpperCase()),
      value,
    ]);
    const [, stage] = /stage: \$\{opt:stage, '(\w+)'\}/.exec(textOf('serverless.yml')) ?? [];
    const { ArtifactBucket, ArtifactPrefix, ...others } = template.Parameters;
    expect(ArtifactBucket).not.toHaveProperty('Default');
    expect(ArtifactPrefix?.Default).toBe('');
    expect(Object.entries(others).map(([name, { Default }]) => [name, `${Default}`])).toEqual([
      ...chosen,
      ['Stage', stage],
    ]);
    for (const { Description } of Object.values(template.Parameters))
      expect(Description).toMatch(/^.{20,}\.$/);
  });

  it('names what it installs within 64 characters for the longest stage', () => {
    const stack = deployed(template, { ...artifacts, Stage: 's'.repeat(32) });
    const names = [...stack.resources.values()].flatMap(({ type, physicalId, properties: { Targets } }) => [
      ...(type === 'AWS::Lambda::Function' || type === 'AWS::Events::Rule' ? [physicalId] : []),
      ...((Targets as { Id: string }[] | undefined) ?? []).map(({ Id }) => Id),
    ]);
    expect(names.length).toBeGreaterThan(2);
    for (const name of names) expect(name).toMatch(/^.{1,64}$/);
  });

  it('has the same logical ids for every stage', () => {
    const ids = (Stage: string) => [...deployed(template, { ...artifacts, Stage }).resources.keys()];
    expect(ids('dev')).toEqual(ids('prod'));
  });

  it.each([
    ['Clusters', ['a', '*', 'prod-*', '*-web', 'a_B-9*z', 'c'.repeat(255)]],
    ['AlarmTopicArn', ['', topic, 'arn:aws-cn:sns:cn-north-1:111122223333:a_b-C']],
    ['LogLevel', ['DEBUG', 'WARN']],
    ['RetentionDays', ['1', '3653']],
    ['Stage', ['prod', 'Dev-2']],
    ['ArtifactBucket', ['abc', 'my.bucket-1']],
    ['ArtifactPrefix', ['', 'a/', 'steward/0.1.0/']],
  ])('takes for %s any of %j', (name, values) => {
    for (const value of values) expect(deployed(template, { ...artifacts, [name]: value })).toBeDefined();
  });

  it.each([
    ['Clusters', ['', 'prod-**', 'two words', 'a/b', sub('x'), 'c'.repeat(256)]],
    ['AlarmTopicArn', ['alarms', 'arn:aws:sqs:us-east-1:111122223333:alarms', `${topic},${topic}`]],
    ['LogLevel', ['debug', '']],
    ['RetentionDays', ['0', '31', 'forever']],
    ['Stage', ['', 'a_b', 's'.repeat(33)]],
    ['ArtifactBucket', ['', 's3://bucket', 'Bucket']],
    ['ArtifactPrefix', ['steward', '/ /']],
  ])('refuses for %s any of %j', (name, values) => {
    for (const value of values)
      expect(() => deployed(template, { ...artifacts, [name]: value })).toThrow(
        `Parameters.${name}: expected`,
      );
  });
});

const given = { description: 'x', artifactOf: (zip: string) => zip };
const setting = (Value: unknown) => ({
  Conditions: { IsSo: { 'Fn::Equals': ['a', 'a'] } },
  Resources: { Setting: { Type: 'AWS::SSM::Parameter', Properties: { Type: 'String', Value } } },
});
const placeholders = Object.fromEntries(
  Object.entries(parameters).map(([name, { placeholder }]) => [name, placeholder]),
);

describe('a template made installable', () => {
  const values = { ...artifacts, Clusters: 'web-*', AlarmTopicArn: topic, RetentionDays: '7', Stage: 'dev' };
  const place = { region: 'us-east-1', accountId: '111122223333', stackName: 'ecs-steward' };
  const settingOf = (template: unknown, parameters: Record<string, string>) =>
    loadTemplate(template, { ...place, parameters }).resources.get('Setting')?.properties.Value;
  const filledIn = (text: string) =>
    Object.entries({ LogLevel: 'INFO', ...values }).reduce(
      (result, [name, value]) => result.replaceAll(placeholders[name] ?? '\0', value),
      text,
    );

  it('says with values of its parameters whatever was said with their placeholders', () => {
    const literal = fc.constantFrom('a', ' ', '$', '!', '}', '/*');
    const part = fc.oneof(literal, fc.constantFrom(...Object.values(placeholders)));
    const plain = fc.array(fc.oneof(part, fc.constant(sub('Setting')))).map((parts) => parts.join(''));
    const inSub = fc.array(fc.oneof(part, fc.constantFrom(sub('AWS::Region'), sub('!Setting'), sub('Own'))));
    const withOwn = inSub.map((parts) => ({ 'Fn::Sub': [parts.join(''), { Own: 'own' }] }));
    const joined = fc.array(plain, { minLength: 1 }).map((texts) => ({ 'Fn::Join': ['-', texts] }));
    const chosen = plain.map((text) => ({ 'Fn::If': ['IsSo', text, 'never'] }));
    fc.assert(
      fc.property(fc.oneof(plain, withOwn, joined, chosen), (value) => {
        const before = JSON.parse(filledIn(JSON.stringify(setting(value)))) as unknown;
        expect(settingOf(installable(setting(value), given), values)).toEqual(settingOf(before, {}));
      }),
      { numRuns: 500 },
    );
  });

  const { Stage = '' } = placeholders;

  it.each<[where: string, template: unknown]>([
    ['the key of a property', setting({ [`a-${Stage}`]: 1 })],
    ['the delimiter of a join', setting({ 'Fn::Join': [Stage, ['a', 'b']] })],
    ['what a substitution is to keep as it is', setting({ 'Fn::Sub': `a ${sub(`!${Stage}`)}` })],
    ['a type', { Resources: { Setting: { Type: `Custom::${Stage}` } } }],
    ['the name of a condition', { ...setting('a'), Conditions: { [`Is${Stage}`]: { 'Fn::Not': ['IsSo'] } } }],
    ['a description', { ...setting('a'), Outputs: { Out: { Description: `of ${Stage}`, Value: 'a' } } }],
    ['a mapping', { ...setting('a'), Mappings: { Map: { a: { b: Stage } } } }],
  ])('is refused where a placeholder stands in %s', (_where, faulty) => {
    expect(() => installable(faulty, given)).toThrow(
      `The template holds ${Stage} where no parameter can stand: `,
    );
  });

  it('is refused where something needs the bucket of the framework', () => {
    const reference = setting({ Ref: 'ServerlessDeploymentBucket' });
    expect(() => installable(reference, given)).toThrow('The template holds ServerlessDeploymentBucket');
  });
});
