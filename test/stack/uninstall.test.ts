import { describe, expect, it } from 'vitest';
import { withRelease } from './release.ts';
import { compiledTemplate, deployed, type Resource, resource, type Template } from './template.ts';

/** Of what the framework uploads to, which no release has: `sls remove` empties that bucket before it deletes the stack. */
const ofTheFramework = ['ServerlessDeploymentBucketPolicy'];

/** The logical ids that a value refers to. */
function referencesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, argument]) => {
    if (key === 'Ref') return [String(argument)];
    if (key === 'Fn::GetAtt') return [`${[argument].flat()[0]}`.split('.')[0] ?? ''];
    const text = key === 'Fn::Sub' ? [argument].flat()[0] : '';
    return [...[...`${text}`.matchAll(/\$\{([\w:]+)/g)].map(([, id = '']) => id), ...referencesIn(argument)];
  });
}

const needsOf = ({ Properties, DependsOn = [] }: Resource) => [
  ...[DependsOn].flat(),
  ...referencesIn(Properties),
];

/** What CloudFormation creates before a resource, and deletes only when that is gone. */
function neededBy(logicalId: string, { Resources }: Template): Set<string> {
  const found = new Set<string>();
  const visit = (id: string) => {
    const definition = Resources[id];
    if (!definition || found.has(id)) return;
    found.add(id);
    for (const needed of needsOf(definition)) visit(needed);
  };
  for (const needed of needsOf(Resources[logicalId] ?? { Type: '' })) visit(needed);
  return found;
}

/** What may be deleted before the steward was asked. */
const unguarded = (template: Template) => {
  const needed = neededBy('Uninstall', template);
  return Object.keys(template.Resources).filter((id) => id !== 'Uninstall' && !needed.has(id));
};

describe('uninstalling', () => {
  const template = compiledTemplate();

  it('comes before anything else of the stack is deleted, but the policy of the bucket of the framework', () => {
    expect(unguarded(template)).toEqual(ofTheFramework);
  });

  it('comes before anything at all of a release is deleted', async () => {
    expect(await withRelease((release) => unguarded(release.template))).toEqual([]);
  });

  it.each(['LanePolicy', 'Dashboard', 'AdmitEventSourceMappingSQSLane'])(
    'would come too late for %s if its list did not hold it',
    (forgotten) => {
      const uninstall = template.Resources.Uninstall as Resource;
      const DependsOn = [uninstall.DependsOn ?? []].flat().filter((id) => id !== forgotten);
      const Resources = { ...template.Resources, Uninstall: { ...uninstall, DependsOn } };
      expect(unguarded({ ...template, Resources })).toContain(forgotten);
    },
  );

  it('lists nothing that something else needs anyway', () => {
    const { Uninstall, ...others } = template.Resources;
    const needed = new Set(Object.values(others).flatMap(needsOf));
    expect([Uninstall?.DependsOn ?? []].flat().filter((id) => needed.has(id))).toEqual([]);
  });

  it('is waited for until its function has run twice, with the pause in between', () => {
    const stack = deployed();
    const { ServiceToken, ServiceTimeout } = resource(stack, 'Uninstall').properties;
    const own = resource(stack, 'UninstallLambdaFunction');
    const { MaximumRetryAttempts, MaximumEventAgeInSeconds } = resource(
      stack,
      'UninstallLambdaEvConf',
    ).properties;
    expect(ServiceToken).toBe(own.arn);
    expect(MaximumRetryAttempts).toBe(1);
    expect(Number(ServiceTimeout)).toBeGreaterThanOrEqual(
      Number(MaximumEventAgeInSeconds) + Number(own.properties.Timeout),
    );
    expect(Number(ServiceTimeout)).toBeLessThanOrEqual(900);
  });

  it('has its function asked by every update to another version', () => {
    const { Version } = resource(deployed(), 'Uninstall').properties;
    expect(Version).toMatch(/^\d+\.\d+\.\d+$/);
  });
});
