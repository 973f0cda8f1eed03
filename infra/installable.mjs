import { artifactParameters, parameters } from './parameters.mjs';

const bucketId = 'ServerlessDeploymentBucket';
const placeholders = Object.entries(parameters).map(([name, { placeholder }]) => ({ name, placeholder }));

/**
 * Makes a template installable by itself that `sls package` compiled with a placeholder for every parameter: parameters
 * in place of the placeholders, code from a bucket of the installer, no bucket of the framework. `artifactOf` gives the
 * name that a function's zip has in the release. Throws where a placeholder stands that no parameter can replace.
 */
export function installable(compiled, { description, artifactOf }) {
  const {
    AWSTemplateFormatVersion,
    Parameters,
    Conditions = {},
    Resources,
    Outputs = {},
    ...others
  } = compiled;
  const template = {
    AWSTemplateFormatVersion,
    ...others,
    Description: description,
    Parameters: { ...Parameters, ...artifactParameters, ...definitions() },
    Conditions: mapValues(Conditions, parametrised),
    Resources: withFixedIds(withoutBucket(Resources), (resource) =>
      parametrisedResource(withArtifact(resource, artifactOf)),
    ),
    Outputs: mapValues(withoutBucket(Outputs), parametrisedOutput),
  };
  refuseRemains({ ...template, Parameters: {} });
  return template;
}

const definitions = () => mapValues(parameters, ({ definition }) => definition);

const mapValues = (object, change) =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));

/** What the framework deploys from is its own affair: the bucket, its policy and the output that names it. */
const withoutBucket = (section) =>
  Object.fromEntries(Object.entries(section).filter(([id]) => !id.startsWith(bucketId)));

const withFixedIds = (resources, change) =>
  Object.fromEntries(Object.entries(resources).map(([id, resource]) => [fixed(id), change(resource)]));

/**
 * CloudFormation looks at the key alone to see whether code has changed; the name of a zip holds its hash.
 *
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-function-code.html
 */
function withArtifact(resource, artifactOf) {
  const { Code } = resource.Properties ?? {};
  if (Code?.S3Bucket?.Ref !== bucketId) return resource;
  const key = `\${ArtifactPrefix}${artifactOf(Code.S3Key.split('/').at(-1))}`;
  const artifact = { S3Bucket: { Ref: 'ArtifactBucket' }, S3Key: { 'Fn::Sub': key } };
  return { ...resource, Properties: { ...resource.Properties, Code: artifact } };
}

function parametrisedResource({ Type, Condition, DependsOn, Properties, ...others }) {
  return {
    Type,
    ...(Condition === undefined ? {} : { Condition }),
    ...(DependsOn === undefined ? {} : { DependsOn: allFixed(DependsOn) }),
    ...others,
    ...(Properties === undefined ? {} : { Properties: parametrised(Properties) }),
  };
}

const parametrisedOutput = ({ Value, Export, ...others }) => ({
  ...others,
  Value: parametrised(Value),
  ...(Export === undefined ? {} : { Export: parametrised(Export) }),
});

/** A value with every placeholder in it made a reference to its parameter; logical ids and names apart. */
function parametrised(value) {
  if (typeof value === 'string' || typeof value === 'number') return parametrisedScalar(value);
  if (Array.isArray(value)) return value.map(parametrised);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, argument(key, inner)]));
}

/** What belongs to a key, which may be the name of an intrinsic function. */
function argument(key, value) {
  if (key === 'Ref') return fixed(value);
  if (key === 'Fn::GetAtt') return allFixed(value);
  if (key === 'Fn::Sub' && typeof value === 'string') return substituted(value);
  if (key === 'Fn::Sub') return [substituted(value[0]), parametrised(value[1])];
  if (key === 'Fn::Join') return [value[0], parametrised(value[1])];
  return parametrised(value);
}

function parametrisedScalar(value) {
  const whole = placeholders.find(({ placeholder }) => placeholder === String(value));
  if (whole) return { Ref: whole.name };
  if (!placeholders.some(({ placeholder }) => String(value).includes(placeholder))) return value;
  return { 'Fn::Sub': named(String(value).replaceAll('${', '${!')) };
}

/** The text of a Fn::Sub: what stands in `${...}` names a resource or a parameter already, or is meant literally. */
const substituted = (text) =>
  text.replace(/\$\{(!?)[^}]*\}|[^$]+/g, (part, literal) => {
    if (!part.startsWith('${')) return named(part);
    return literal ? part : fixed(part);
  });

/** A text with the names of parameters, as Fn::Sub spells them, for their placeholders. */
const named = (text) =>
  placeholders.reduce((result, { name, placeholder }) => result.replaceAll(placeholder, `\${${name}}`), text);

/** A logical id cannot depend on a parameter: it is the one that the defaults give. */
const fixed = (id) =>
  placeholders.reduce(
    (result, { name, placeholder }) =>
      result.replaceAll(placeholder, `${parameters[name].definition.Default}`),
    id,
  );

const allFixed = (ids) =>
  Array.isArray(ids) ? ids.map((id) => (typeof id === 'string' ? fixed(id) : id)) : fixed(ids);

/** Throws when something is left that an installation could neither choose nor have. */
function refuseRemains(template) {
  const text = JSON.stringify(template, null, 1);
  for (const remains of [bucketId, ...placeholders.map(({ placeholder }) => placeholder)]) {
    const line = text.split('\n').find((candidate) => candidate.includes(remains));
    if (line !== undefined)
      throw new Error(`The template holds ${remains} where no parameter can stand: ${line.trim()}`);
  }
}
