import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageCode, packaged } from './package.ts';
import { unzip } from './zip.ts';

const closureKbMax = 340;

let isPackaged = false;

/** The files in the package of a function. The first call packages the code if the packages are older than it. */
function filesOf(name: string): Map<string, Buffer> {
  if (!isPackaged) packageCode();
  isPackaged = true;
  return unzip(readFileSync(join(packaged, `${name}.zip`)));
}

/** What is loaded before the handler can run: the entry and all that it imports statically. */
function closureOf(files: ReadonlyMap<string, Buffer>, entry: string): Set<string> {
  const found = new Set<string>();
  const visit = (path: string) => {
    if (found.has(path)) return;
    found.add(path);
    const source = files.get(path)?.toString();
    if (source === undefined) throw new Error(`${path} is imported but not in the package`);
    for (const [, imported = ''] of source.matchAll(/(?:from|import)"(\.[^"]+)"/g))
      visit(posix.join(posix.dirname(path), imported));
  };
  visit(entry);
  return found;
}

const functions = ['admit', 'release', 'interrupt', 'sweep', 'rebalance', 'uninstall'];

describe.each(functions)('the package of %s', (name) => {
  it('holds the bundle of the function, with source maps, and nothing else', () => {
    const paths = [...filesOf(name).keys()];
    expect(paths).toContain(`dist/${name}/index.mjs`);
    const bundled = new RegExp(`^dist/${name}/[\\w-]+\\.mjs(\\.map)?$`);
    expect(paths.filter((path) => !bundled.test(path))).toEqual([]);
    expect(paths).toContain(`dist/${name}/index.mjs.map`);
  });

  it(`loads at most ${closureKbMax} KB before the handler can run`, () => {
    const files = filesOf(name);
    const paths = [...closureOf(files, `dist/${name}/index.mjs`)];
    const bytes = paths.reduce((sum, path) => sum + (files.get(path)?.length ?? 0), 0);
    expect(bytes / 1024).toBeLessThanOrEqual(closureKbMax);
  });

  it('leaves what the SDK loads lazily for when it is needed', () => {
    const files = filesOf(name);
    const modules = [...files.keys()].filter((path) => path.endsWith('.mjs'));
    expect(closureOf(files, `dist/${name}/index.mjs`).size).toBeLessThan(modules.length);
  });

  it('carries no provider of credentials: Lambda gives them', () => {
    const modules = [...filesOf(name)].filter(([path]) => path.endsWith('.mjs'));
    const asking = modules.filter(([, content]) =>
      /WEB_IDENTITY_TOKEN_FILE|sso_session/.test(content.toString()),
    );
    expect(asking.map(([path]) => path)).toEqual([]);
  });

  it('exports a handler', () => {
    const source = filesOf(name).get(`dist/${name}/index.mjs`)?.toString();
    expect(source).toMatch(/export\{[^}]*\bhandler\b[^}]*\}/);
  });

  it('carries no key, and no source text in its maps', () => {
    for (const [path, content] of filesOf(name)) {
      const text = content.toString();
      if (path.endsWith('.map')) expect(JSON.parse(text)).not.toHaveProperty('sourcesContent');
      expect(text).not.toMatch(/\b(AKIA|ASIA)[A-Z0-9]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY/);
    }
  });
});
