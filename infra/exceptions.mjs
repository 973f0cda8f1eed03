import { readFileSync } from 'node:fs';

/** A class of an exception as every client of the SDK has them, some with members that its protocols set anyway. */
const form =
  /export class (\w+) extends __BaseException \{\s+static shapeId = ("[^"]+");\s+name = "\1";\s+\$fault = ("client"|"server");(?:[^{}]|\{[^{}]*\}|\{(?:[^{}]|\{[^{}]*\})*\})*\n\}\n/g;

/**
 * The exceptions of a client, each made by one function instead of a class written out: 15 KB of what a function of this
 * stack loads, for four clients. Throws where one of them looks otherwise than expected.
 */
export function compactExceptions(source) {
  const compact = source.replace(
    form,
    (_, name, shapeId, fault) =>
      `export const ${name} = /* @__PURE__ */ exception("${name}", ${shapeId}, ${fault});\n`,
  );
  if (/\bclass\b/.test(compact))
    throw new Error('An exception of the SDK is not written as it was: infra/exceptions.mjs');
  return `${compact}
function exception(name, shapeId, $fault) {
  return class Exception extends __BaseException {
    static shapeId = shapeId;
    constructor(options) {
      super({ name, $fault, ...options });
      Object.setPrototypeOf(this, Exception.prototype);
    }
  };
}
`;
}

/** The plugin of esbuild that bundles exceptions so. */
export const exceptions = {
  name: 'exceptions',
  setup({ onLoad }) {
    onLoad(
      { filter: /[\\/]@aws-sdk[\\/]client-[^\\/]+[\\/]dist-es[\\/]models[\\/]errors\.js$/ },
      ({ path }) => ({
        contents: compactExceptions(readFileSync(path, 'utf8')),
        loader: 'js',
      }),
    );
  },
};
