import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runInNewContext } from 'node:vm';
import { transformSync } from 'esbuild';
import { afterAll, describe, expect, it } from 'vitest';
import { root, textOf, writtenFiles } from '../files.ts';
import { withRelease } from './release.ts';
import { deployed, resource, resourcesOf } from './template.ts';

const { parameters } = (await import(pathToFileURL(join(root, 'infra/parameters.mjs')).href)) as {
  parameters: Record<string, { option: string }>;
};

/** Where a release lies as `release`, as the examples want it. */
const place = mkdtempSync(join(tmpdir(), 'ecs-steward-install-'));
const { files, template } = await withRelease((release) => {
  cpSync(release.folder, join(place, 'release'), { recursive: true });
  return release;
});
const zips = [...files.keys()].filter((name) => name.endsWith('.zip'));

afterAll(() => rmSync(place, { recursive: true, force: true }));

/** What an example does: puts objects into a bucket, and makes a stack of a template. */
interface Installation {
  readonly bucket: string;
  readonly keys: readonly string[];
  readonly templateFile: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  /** The outputs of the stack that it asks for. */
  readonly outputs: readonly string[];
}

/** Runs the script with a command `aws` that does nothing but note what it was asked; answers that. */
function callsOfScript(environment: Readonly<Record<string, string>>): string[][] {
  const notes = join(place, 'calls.ndjson');
  const note = `require('fs').appendFileSync(${JSON.stringify(notes)}, JSON.stringify(process.argv.slice(2)) + '\\n')`;
  writeFileSync(notes, '');
  writeFileSync(join(place, 'aws'), `#!/usr/bin/env node\n${note}\n`, { mode: 0o755 });
  const env = { ...process.env, PATH: `${place}${delimiter}${process.env.PATH}`, ...environment };
  execFileSync(join(root, 'docs/install/cloudformation.sh'), { cwd: place, env, stdio: 'pipe' });
  const lines = readFileSync(notes, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as string[]);
}

/** The values that stand behind an option, up to the next one. */
function valuesOf(option: string, call: readonly string[]): string[] {
  const values = call.slice(call.indexOf(option) + 1);
  const end = values.findIndex((value) => value.startsWith('--'));
  return end < 0 ? values : values.slice(0, end);
}

const pairs = (texts: readonly string[]) =>
  Object.fromEntries(texts.map((text) => text.split(/=(.*)/s, 2) as [string, string]));

function withTheCommandLine(): Installation {
  const [copy = [], deploy = [], describeStacks = [], ...others] = callsOfScript({
    ARTIFACT_BUCKET: 'artifacts',
  });
  const [, , source, target = '', ...selection] = copy;
  expect(others).toEqual([]);
  expect([copy.slice(0, 2), deploy.slice(0, 2)]).toEqual([
    ['s3', 'cp'],
    ['cloudformation', 'deploy'],
  ]);
  expect({ source, selection }).toEqual({
    source: 'release',
    selection: ['--recursive', '--exclude', '*', '--include', '*.zip'],
  });
  expect(valuesOf('--capabilities', deploy)).toEqual(['CAPABILITY_IAM']);
  expect(valuesOf('--s3-bucket', deploy)).toEqual(['artifacts']);
  expect(valuesOf('--stack-name', describeStacks)).toEqual(valuesOf('--stack-name', deploy));
  const [, bucket = '', prefix = ''] = /^s3:\/\/([^/]+)\/(.*)$/.exec(target) ?? [];
  return {
    bucket,
    keys: zips.map((name) => `${prefix}${name}`),
    templateFile: valuesOf('--template-file', deploy)[0] ?? '',
    parameters: pairs(valuesOf('--parameter-overrides', deploy)),
    tags: pairs(valuesOf('--tags', deploy)),
    outputs: [...describeStacks.join(' ').matchAll(/OutputKey=='(\w+)'/g)].map(([, name = '']) => name),
  };
}

/** An expression as Terraform spells it in a text. */
const inBraces = (expression: string) => `\${${expression}}`;

interface Terraform {
  readonly variable: Readonly<Record<string, unknown>>;
  readonly resource: {
    readonly aws_s3_object: Readonly<Record<'zip' | 'template', Readonly<Record<string, string>>>>;
    readonly aws_cloudformation_stack: {
      readonly steward: {
        readonly template_url: string;
        readonly capabilities: readonly string[];
        readonly parameters: Readonly<Record<string, string>>;
        readonly tags: Readonly<Record<string, string>>;
        readonly depends_on: readonly string[];
      };
    };
  };
  readonly output: Readonly<Record<string, { readonly value: string }>>;
}

function withTerraform(): Installation {
  const text = textOf('docs/install/terraform/main.tf.json');
  const { variable, resource: resources, output } = JSON.parse(text) as Terraform;
  const [{ zip, template: uploaded }, { steward }] = [
    resources.aws_s3_object,
    resources.aws_cloudformation_stack,
  ];
  const references = [...text.matchAll(/\b(?:var|aws_s3_object|aws_cloudformation_stack)\.\w+/g)].flat();
  const declared = [
    ...Object.keys(variable).map((name) => `var.${name}`),
    ...Object.entries(resources).flatMap(([type, named]) =>
      Object.keys(named).map((name) => `${type}.${name}`),
    ),
  ];
  expect(references.filter((reference) => !declared.includes(reference))).toEqual([]);
  expect(steward.depends_on).toEqual(['aws_s3_object.zip']);
  expect(steward.capabilities).toEqual(['CAPABILITY_IAM']);
  const release = `${inBraces('path.module')}/release`;
  expect(zip).toMatchObject({
    for_each: inBraces(`fileset("${release}", "*.zip")`),
    source: `${release}/${inBraces('each.value')}`,
  });
  const templateFile = `${release}/ecs-steward.template.json`;
  expect(uploaded).toMatchObject({
    bucket: zip.bucket,
    key: `ecs-steward/${inBraces(`filemd5("${templateFile}")`)}.template.json`,
  });
  const [host, path] = ['bucket', 'key'].map((name) => inBraces(`aws_s3_object.template.${name}`));
  expect(steward.template_url).toBe(`https://${host}.s3.amazonaws.com/${path}`);
  const filledIn = (value: string) => value.replaceAll(inBraces('var.artifact_bucket'), 'artifacts');
  return {
    bucket: filledIn(zip.bucket ?? ''),
    keys: zips.map((name) => (zip.key ?? '').replace(inBraces('each.value'), name)),
    templateFile: (uploaded.source ?? '').replace(`${inBraces('path.module')}/`, ''),
    parameters: Object.fromEntries(
      Object.entries(steward.parameters).map(([name, value]) => [name, filledIn(value)]),
    ),
    tags: steward.tags,
    outputs: Object.values(output).map(
      ({ value }) => /\.steward\.outputs\["(\w+)"\]/.exec(value)?.[1] ?? value,
    ),
  };
}

interface Construction {
  readonly what: string;
  readonly args: readonly unknown[];
}

/** Runs the example with a library that has everything, does nothing, and notes what is called and constructed. */
function constructionsOfCdk(): Construction[] {
  const noted: Construction[] = [];
  const note = (what: string, args: readonly unknown[]) => {
    noted.push({ what, args });
    return anything(what);
  };
  const anything = (name: string): object =>
    new Proxy(class {}, {
      get: (_, key) => (key === 'bucketName' ? 'artifacts' : anything(String(key))),
      apply: (_, _self, args) => note(name, args),
      construct: (_, args) => note(name, args),
    });
  const { code } = transformSync(textOf('docs/install/cdk.ts'), { loader: 'ts', format: 'cjs' });
  const real = createRequire(import.meta.url);
  const require = (name: string): unknown => (/^aws-cdk-lib(\/|$)/.test(name) ? anything(name) : real(name));
  runInNewContext(code, { require });
  return noted;
}

function withCdk(): Installation {
  const constructions = constructionsOfCdk();
  const argsOf = (what: string) => {
    const found = constructions.filter((construction) => construction.what === what);
    expect(found).toHaveLength(1);
    return found[0]?.args as unknown[];
  };
  const [, , { tags }] = argsOf('Stack') as [unknown, unknown, { tags: Record<string, string> }];
  const [, , include] = argsOf('CfnInclude') as [
    unknown,
    unknown,
    { templateFile: string; parameters: Record<string, string | number> },
  ];
  expect(argsOf('asset')).toEqual(['release']);
  expect(argsOf('BucketDeployment')).toHaveLength(3);
  expect(argsOf('addDependency')).toHaveLength(1);
  return {
    bucket: 'artifacts',
    keys: [...files.keys()],
    templateFile: include.templateFile,
    parameters: Object.fromEntries(
      Object.entries(include.parameters).map(([name, value]) => [name, `${value}`]),
    ),
    tags,
    outputs: [],
  };
}

describe.each([
  ['docs/install/cloudformation.sh', withTheCommandLine],
  ['docs/install/terraform/main.tf.json', withTerraform],
  ['docs/install/cdk.ts', withCdk],
])('%s', (_path, read) => {
  it('installs a release: its template, with parameters that it takes, and code where they say', () => {
    const { bucket, keys, templateFile, parameters } = read();
    expect(templateFile).toBe('release/ecs-steward.template.json');
    const stack = deployed(template, parameters);
    for (const { properties } of resourcesOf(stack, 'AWS::Lambda::Function')) {
      const { S3Bucket, S3Key } = properties.Code as { S3Bucket: string; S3Key: string };
      expect(S3Bucket).toBe(bucket);
      expect(keys).toContain(S3Key);
    }
  });

  it('tags the stack as sls deploy does, and as the functions are', () => {
    const { parameters, tags } = read();
    const { Tags } = resource(deployed(template, parameters), 'SweepLambdaFunction').properties;
    expect(Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))).toEqual(Tags);
  });

  it('asks for outputs that the stack has', () => {
    for (const name of read().outputs) expect(template.Outputs).toHaveProperty(name);
  });
});

describe('CAPABILITY_IAM', () => {
  it('is enough, because nothing of IAM in the template has a name', () => {
    const named = Object.values(template.Resources)
      .filter(({ Type }) => Type.startsWith('AWS::IAM::'))
      .flatMap(({ Properties = {} }) =>
        Object.keys(Properties).filter((name) => /^(?!Policy).*Name$/.test(name)),
      );
    expect(named).toEqual([]);
  });
});

describe('the README', () => {
  const readme = textOf('README.md');

  it('shows every parameter of the template, how sls deploy is told, and the default', () => {
    const rows = [...readme.matchAll(/^\| `(--\S+)` \| `(\w+)` \| (\S+) \|/gm)].map(
      ([, option, name, value]) => [
        name,
        option?.replaceAll('"', '').replace('...', ''),
        value === 'none' ? '' : value?.replaceAll('`', ''),
      ],
    );
    const { ArtifactBucket: _bucket, ArtifactPrefix: _prefix, ...chosen } = template.Parameters;
    expect(rows).toEqual(
      Object.entries(chosen).map(([name, { Default }]) => [name, parameters[name]?.option, `${Default}`]),
    );
    expect(readme).toMatch(/`ArtifactBucket`, `ArtifactPrefix`/);
  });

  it.each(writtenFiles('docs/install'))('links to %s', (path) => {
    expect(readme).toContain(`](${path})`);
  });
});
