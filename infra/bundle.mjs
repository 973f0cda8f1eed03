import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { exceptions } from './exceptions.mjs';

/** Of its own package.json, 2 KB, a client of the SDK reads the version alone. */
const versionAlone = {
  name: 'version-alone',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]@aws-sdk[\\/]client-[^\\/]+[\\/]package\.json$/ }, ({ path }) => {
      const { version } = JSON.parse(readFileSync(path, 'utf8'));
      return { contents: JSON.stringify({ version }), loader: 'json' };
    });
  },
};

/**
 * Every client is given its credentials (lib/aws/connect.ts), so the chain of their providers is never asked. It is loaded
 * lazily, and yet a part of it, 20 KB, would be in the start-up path: splitting goes by files that import each other.
 */
const noCredentialChain = {
  name: 'no-credential-chain',
  setup({ onLoad, onResolve }) {
    const namespace = 'no-credential-chain';
    onResolve({ filter: /^@aws-sdk\/credential-provider-node$/ }, ({ path }) => ({ path, namespace }));
    onLoad({ filter: /.*/, namespace }, () => ({
      contents: `export function defaultProvider() { throw new Error('A client was made without credentials'); }`,
    }));
  },
};

/**
 * The client of EventBridge can sign for endpoints of several Regions, which nothing here has: of its signer what is for one
 * Region, the signer that all clients have, 4 KB less. To ask it for the other would throw.
 */
const oneRegion = {
  name: 'one-region',
  setup({ initialOptions, onLoad, onResolve }) {
    const namespace = 'one-region';
    onResolve({ filter: /^@aws-sdk\/signature-v4-multi-region$/ }, ({ path }) => ({ path, namespace }));
    onLoad({ filter: /.*/, namespace }, () => ({
      contents: `import { SignatureV4 } from '@smithy/signature-v4';
        export class SignatureV4MultiRegion extends SignatureV4 { static sigv4aDependency() { return 'none'; } }`,
      resolveDir: initialOptions.absWorkingDir,
    }));
  },
};

/**
 * No module of ours does anything when it is loaded: what a function does not use of them is left out, and what only that needs.
 * Nobody else's modules are in TypeScript.
 */
const nothingOnLoad = {
  name: 'nothing-on-load',
  setup({ onResolve, resolve }) {
    const asked = Symbol('asked');
    onResolve({ filter: /^\.{1,2}\/.*\.ts$/ }, async ({ path, pluginData, ...from }) => {
      if (pluginData === asked) return undefined;
      return { ...(await resolve(path, { ...from, pluginData: asked })), sideEffects: false };
    });
  },
};

/**
 * Splitting keeps what the SDK loads lazily (event streams, the names of browsers) out of the start-up path. Maps without sources are small enough to ship.
 */
const options = {
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22',
  mainFields: ['module', 'main'],
  conditions: ['module'],
  minify: true,
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'none',
  logLevel: 'warning',
  plugins: [versionAlone, noCredentialChain, oneRegion, nothingOnLoad, exceptions],
  // CommonJS dependencies call require for built-in modules, which an ES module does not have.
  banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
};

/** Bundles every functions/*.ts of `root` into dist/<name>/index.mjs and its chunks; dist holds nothing else. */
export async function bundle(root) {
  const names = readdirSync(join(root, 'functions'))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => basename(file, '.ts'));
  if (names.length === 0) throw new Error(`Nothing to bundle: ${join(root, 'functions')} holds no .ts file`);
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  await Promise.all(names.map((name) => bundleFunction(root, name)));
}

function bundleFunction(root, name) {
  const entryPoints = { index: join(root, 'functions', `${name}.ts`) };
  return build({ ...options, absWorkingDir: root, entryPoints, outdir: join(root, 'dist', name) });
}
