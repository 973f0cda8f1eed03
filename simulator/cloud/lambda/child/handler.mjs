import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const failed = (name, message) => Object.assign(new Error(message), { name });

/**
 * Finds a handler as Lambda's runtime does: `dist/admit/index.handler` is the export `handler` of dist/admit/index.js, .mjs or
 * .cjs under `root`. Rejects with the error that Lambda names.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html
 */
export async function findHandler(root, name) {
  const [, file, path] = /^([^.]*)\.(.+)$/.exec(basename(name)) ?? [];
  if (file === undefined || name.includes('..')) throw failed('Runtime.MalformedHandlerName', 'Bad handler');
  const module = await load(root, join(dirname(name), file));
  const handler = find(module, path) ?? find(module?.default, path);
  if (handler === undefined) throw failed('Runtime.HandlerNotFound', `${name} is undefined or not exported`);
  if (typeof handler !== 'function') throw failed('Runtime.HandlerNotFound', `${name} is not a function`);
  if (handler.length >= 3)
    throw failed(
      'Runtime.CallbackHandlerDeprecated',
      `${name} takes a callback, which Node.js 24 and later runtimes do not give; it must return a promise`,
    );
  return handler;
}

const isFile = (path) => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
const find = (module, path) => path.split('.').reduce((value, key) => value?.[key], module);

async function load(root, path) {
  const file = ['', '.js', '.mjs', '.cjs'].map((extension) => join(root, path + extension)).find(isFile);
  try {
    if (file !== undefined) return await import(pathToFileURL(file).href);
    return createRequire(join(root, 'runtime.js'))(path);
  } catch (error) {
    if (error instanceof SyntaxError) throw failed('Runtime.UserCodeSyntaxError', String(error));
    // What an ES module misses has another code and keeps its own name.
    if (error?.code === 'MODULE_NOT_FOUND') throw failed('Runtime.ImportModuleError', String(error));
    throw error;
  }
}
