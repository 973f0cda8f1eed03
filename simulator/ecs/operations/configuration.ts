import { type Input, invalid, oneOf, requiredText, structure, text } from '../input.ts';
import type { State } from '../state.ts';

/** What a cluster is to remember for ECS Exec and managed storage; undefined when nothing is given. */
export function configurationOf(input: Input): Readonly<Record<string, unknown>> | undefined {
  if (input.configuration === undefined) return undefined;
  const configuration = structure(input.configuration, 'configuration');
  const command = structure(configuration.executeCommandConfiguration, 'executeCommandConfiguration');
  const logging = oneOf(command, 'logging', ['NONE', 'DEFAULT', 'OVERRIDE']);
  if (logging === 'OVERRIDE' && command.logConfiguration === undefined)
    throw invalid('logConfiguration must be provided with logging OVERRIDE.');
  if (logging !== 'OVERRIDE' && command.logConfiguration !== undefined)
    throw invalid('logConfiguration: expected none without logging OVERRIDE.');
  return configuration;
}

/**
 * The Service Connect namespace of a cluster as an ARN: undefined when none is given, empty to have none. A name that
 * nobody knows becomes a new namespace.
 */
export function namespaceOf(state: State, input: Input): string | undefined {
  if (input.serviceConnectDefaults === undefined) return undefined;
  const defaults = structure(input.serviceConnectDefaults, 'serviceConnectDefaults');
  if (text(defaults, 'namespace') === '') return '';
  const namespace = requiredText(defaults, 'namespace', /^.{1,1024}$/s);
  if (/^arn:aws:servicediscovery:[a-z0-9-]+:\d{12}:namespace\/ns-[a-z0-9]+$/.test(namespace))
    return namespace;
  if (/[<>"/]/.test(namespace))
    throw invalid(`namespace: expected a name without < > " / or an ARN, got ${JSON.stringify(namespace)}.`);
  const { region, accountId } = state.arns;
  return `arn:aws:servicediscovery:${region}:${accountId}:namespace/ns-${state.ids.hex(16)}`;
}
