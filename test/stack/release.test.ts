import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyOfProject, root } from '../files.ts';
import { type Run, readRelease, runRelease } from './release.ts';
import { unzip } from './zip.ts';

const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex');
const listing = (folder: string) => readdirSync(folder).sort();

describe('npm run release', () => {
  const [project, other] = [copyOfProject(), copyOfProject()];
  const folder = join(project, 'release');
  let run: Run;
  let otherRun: Run;

  beforeAll(async () => {
    [run, otherRun] = await Promise.all([
      runRelease(project, [], { AWS_REGION: 'eu-west-1' }),
      runRelease(other, ['--out', 'out/of/the/way', '--json'], { AWS_REGION: 'ap-south-1' }),
    ]);
  }, 60_000);

  afterAll(() => {
    for (const copy of [project, other]) rmSync(copy, { recursive: true, force: true });
  });

  it('writes the same bytes for the same source, whatever the folder and the Region around it', () => {
    const { files } = readRelease(folder);
    const { files: others } = readRelease(join(other, 'out/of/the/way'));
    expect([...others.keys()]).toEqual([...files.keys()]);
    for (const [name, content] of files) expect(others.get(name)?.equals(content)).toBe(true);
  });

  it('shows what it wrote in an aligned table, and what takes long apart from it', () => {
    expect(run).toMatchObject({ code: 0, stderr: 'packaging the service: sls package\n' });
    const [head, ...lines] = run.stdout.trimEnd().split('\n');
    expect(head).toBe('written to release:');
    const { files } = readRelease(folder);
    expect(lines.map((line) => line.split(/ +/).slice(0, 2)).sort()).toEqual(
      [...files].map(([name, { length }]) => [name, length.toLocaleString('en-US')]).sort(),
    );
    expect(new Set(lines.map(({ length }) => length)).size).toBe(1);
  });

  it('prints one JSON object with --json', () => {
    const { files } = readRelease(join(other, 'out/of/the/way'));
    const report = JSON.parse(otherRun.stdout) as { files: { name: string }[] };
    expect(report).toMatchObject({ version: '0.1.0', folder: join(other, 'out/of/the/way') });
    expect(report.files.sort((a, b) => a.name.localeCompare(b.name))).toEqual(
      [...files]
        .map(([name, content]) => ({ name, bytes: content.length, sha256: sha256(content) }))
        .sort((a, b) => a.name.localeCompare(b.name)),
    );
  });

  it('lists every other file in SHA256SUMS as sha256sum does', () => {
    const { files } = readRelease(folder);
    const lines = `${files.get('SHA256SUMS')}`.trimEnd().split('\n').sort();
    const others = [...files].filter(([name]) => name !== 'SHA256SUMS');
    expect(lines).toEqual(others.map(([name, content]) => `${sha256(content)}  ${name}`).sort());
  });

  it('gives every function a zip with the bundle of its handler and nothing else, named after its content', () => {
    const { files, template } = readRelease(folder);
    const functions = Object.values(template.Resources).filter(
      ({ Type }) => Type === 'AWS::Lambda::Function',
    );
    const names = functions.map(({ Properties: properties }) => {
      const { Handler, Code } = properties as { Handler: string; Code: { S3Key: { 'Fn::Sub': string } } };
      const name = Code.S3Key['Fn::Sub'].replace(/^\$\{ArtifactPrefix\}/, '');
      const zip = files.get(name) ?? Buffer.of();
      expect(name).toContain(`-${sha256(zip).slice(0, 16)}.zip`);
      const bundle = posix.dirname(Handler);
      const bundled = listing(join(project, bundle)).map((file) => posix.join(bundle, file));
      const zipped = unzip(zip);
      expect([...zipped.keys()].sort()).toEqual(bundled);
      for (const [path, content] of zipped)
        expect(content.equals(readFileSync(join(project, path)))).toBe(true);
      return name;
    });
    expect(names.sort()).toEqual([...files.keys()].filter((name) => name.endsWith('.zip')).sort());
    expect(names.length).toBeGreaterThan(0);
  });

  it('replaces an earlier release, with another key for the code that has changed', async () => {
    const before = listing(folder);
    const file = join(project, 'functions/sweep.ts');
    writeFileSync(file, `${readFileSync(file, 'utf8')}\nexport const changed = true;\n`);
    expect((await runRelease(project)).code).toBe(0);
    const [gone, come] = [before, listing(folder)].map((names, at, all) =>
      names.filter((name) => !all[1 - at]?.includes(name)),
    );
    expect(gone).toEqual([expect.stringMatching(/^sweep-[0-9a-f]{16}\.zip$/)]);
    expect(come).toEqual([expect.stringMatching(/^sweep-[0-9a-f]{16}\.zip$/)]);
  });

  it('says what sls package said when that fails, and leaves the earlier release alone', async () => {
    const earlier = readRelease(folder);
    const file = join(project, 'serverless.yml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('timeout: 55', 'timeout: long'));
    const failed = await runRelease(project);
    expect(failed).toMatchObject({ code: 1, stdout: '' });
    expect(failed.stderr).toMatch(/sls package failed:[\s\S]*timeout/);
    expect(readRelease(folder)).toEqual(earlier);
  });

  it('refuses a folder with anything in it that no release wrote, and leaves it alone', async () => {
    const mixed = join(other, 'mixed');
    cpSync(join(other, 'out/of/the/way'), mixed, { recursive: true });
    writeFileSync(join(mixed, 'notes.txt'), '');
    const before = readRelease(mixed);
    const { code, stderr } = await runRelease(other, ['--out', 'mixed']);
    expect(code).toBe(2);
    expect(stderr).toContain(
      '--out: expected an empty folder or a release, got "mixed", which holds notes.txt',
    );
    expect(readRelease(mixed)).toEqual(before);
  });

  it('does not take a list of anything for a release', async () => {
    const downloads = join(other, 'downloads');
    mkdirSync(downloads);
    writeFileSync(join(downloads, 'SHA256SUMS'), `${'0'.repeat(64)}  photo.jpg\n`);
    writeFileSync(join(downloads, 'photo.jpg'), '');
    const { code, stderr } = await runRelease(other, ['--out', 'downloads']);
    expect(code).toBe(2);
    expect(stderr).toContain('got "downloads", which holds SHA256SUMS');
    expect(listing(downloads)).toEqual(['SHA256SUMS', 'photo.jpg']);
  });

  it('prints its usage with --help, and packages nothing', async () => {
    const { code, stdout, stderr } = await runRelease(root, ['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Usage: npm run release -- \[options\]/);
  });

  it.each([
    [['--out', 'docs'], '--out: expected an empty folder or a release, got "docs", which holds '],
    [
      ['--out', 'package.json'],
      '--out: expected a folder that can be written to, got "package.json" (ENOTDIR)',
    ],
    [['--out', 'package.json/release'], '--out: expected a folder that can be written to'],
    [['--out', '/proc/release'], '--out: expected a folder that can be written to'],
    [['--out='], '--out: expected a folder, got ""'],
    [['--out'], '--out'],
    [['--zip'], '--zip'],
    [['--out', 'a', '--out', 'b'], '--out: expected once, got it twice'],
    [['eu-west-1'], 'eu-west-1'],
  ])('refuses %j with a clear error and exit code 2', async (args, message) => {
    const { code, stdout, stderr } = await runRelease(root, args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).toContain('Usage: npm run release');
  });
});
