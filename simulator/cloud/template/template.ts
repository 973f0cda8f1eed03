import { Loader } from './loader.ts';
import type { Place } from './names.ts';

/** A resource of a stack, as it is created: intrinsics resolved, AWS::NoValue left out, scalars in their own types. */
export interface StackResource {
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Record<string, unknown>;
  /** What `Ref` answers: a queue's URL, a function's or a rule's name, ... */
  readonly physicalId: string;
  /** Empty for a resource that has no ARN. */
  readonly arn: string;
  /** What `Fn::GetAtt` answers, by attribute. */
  readonly attributes: Readonly<Record<string, string>>;
  /** How many others stood in its place before; absent: none. */
  readonly generation?: number;
}

/** A template with everything in it worked out. Resources whose Condition is false are not in it. */
export interface Stack {
  readonly region: string;
  readonly accountId: string;
  readonly stackName: string;
  /** By logical id, in the order of the template. */
  readonly resources: ReadonlyMap<string, StackResource>;
  readonly outputs: Record<string, string>;
}

/** A template that cannot be loaded. The message lists every fault: where, what was expected, what stands there. */
export class TemplateError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`The template cannot be loaded:\n${faults.map((fault) => `- ${fault}`).join('\n')}`);
    this.faults = faults;
    this.name = 'TemplateError';
  }
}

/**
 * Loads a compiled CloudFormation template. Throws TemplateError for anything it does not know: a resource type, a
 * property, an intrinsic function, a reference, a policy or an event pattern that AWS would not take, a cycle. What is
 * known only once a custom resource is there stays `unresolved`.
 */
export function loadTemplate(
  template: unknown,
  options: Place & { readonly parameters?: Readonly<Record<string, string>> },
): Stack {
  const { parameters = {}, ...place } = options;
  const loader = new Loader(template, place, { parameters, exports: new Map() });
  const resources = loader.resources();
  const outputs = loader.outputs();
  if (loader.faults.length > 0) throw new TemplateError(loader.faults);
  const { region, accountId, stackName } = place;
  return {
    region,
    accountId,
    stackName,
    resources,
    outputs: Object.fromEntries(outputs.map(({ name, value }) => [name, value])),
  };
}
