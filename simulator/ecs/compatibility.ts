import { Fault } from '../machine.ts';
import { type Input, texts } from './input.ts';
import { type LaunchType, launchTypes } from './launch-types.ts';
import type { Resources, TaskDefinition } from './records.ts';

/** The memory (MiB) that Fargate has for each number of CPU units: from, to, in steps of (D-9.34). */
const fargateSizes: Readonly<Record<number, { from: number; to: number; step: number; also?: number }>> = {
  256: { from: 1024, to: 2048, step: 1024, also: 512 },
  512: { from: 1024, to: 4096, step: 1024 },
  1024: { from: 2048, to: 8192, step: 1024 },
  2048: { from: 4096, to: 16_384, step: 1024 },
  4096: { from: 8192, to: 30_720, step: 1024 },
  8192: { from: 16_384, to: 61_440, step: 4096 },
  16384: { from: 32_768, to: 122_880, step: 8192 },
};

/**
 * What a definition can run on. Throws ClientException when it does not fit one of its `requiresCompatibilities`
 * (D-9.28, D-9.34).
 */
export function compatibilitiesOf(
  input: Input,
  networkMode: string,
  reservation: Pick<Resources, 'cpu' | 'memoryMib' | 'gpuCount'>,
): TaskDefinition['compatibilities'] {
  const required = texts(input, 'requiresCompatibilities');
  const strange = required.find((each) => !launchTypes.some((known) => known === each));
  if (strange !== undefined)
    throw clientError(
      `requiresCompatibilities should be some of [${launchTypes.join(', ')}], got "${strange}".`,
    );
  const problems: readonly (readonly [LaunchType, string | undefined])[] = [
    ['EXTERNAL', externalProblem(networkMode)],
    ['EC2', undefined],
    ['MANAGED_INSTANCES', managedProblem(networkMode)],
    ['FARGATE', fargateProblem(input, networkMode, reservation)],
  ];
  for (const [launchType, problem] of problems)
    if (required.includes(launchType) && problem !== undefined) throw clientError(problem);
  return problems.filter(([, problem]) => problem === undefined).map(([launchType]) => launchType);
}

/** A machine outside of AWS has no network interfaces of a VPC (D-14.50). */
const externalProblem = (networkMode: string) =>
  networkMode === 'awsvpc' ? "EXTERNAL does not support network mode 'awsvpc'." : undefined;

/** D-14.52. */
const managedProblem = (networkMode: string) =>
  ['awsvpc', 'host', 'none'].includes(networkMode)
    ? undefined
    : `MANAGED_INSTANCES does not support network mode '${networkMode}'.`;

function fargateProblem(
  input: Input,
  networkMode: string,
  { cpu, memoryMib, gpuCount }: Pick<Resources, 'cpu' | 'memoryMib' | 'gpuCount'>,
): string | undefined {
  if (gpuCount !== undefined) return 'GPUs are not supported with FARGATE.';
  if (networkMode !== 'awsvpc') return "Fargate only supports network mode 'awsvpc'.";
  if (input.cpu === undefined) return "Fargate requires task definition to have 'cpu' set.";
  if (input.memory === undefined) return "Fargate requires task definition to have 'memory' set.";
  if (Array.isArray(input.placementConstraints) && input.placementConstraints.length > 0)
    return 'Placement constraints are not supported with FARGATE.';
  const size = fargateSizes[cpu];
  const isThere =
    size !== undefined &&
    (memoryMib === size.also ||
      (memoryMib >= size.from && memoryMib <= size.to && memoryMib % size.step === 0));
  return isThere ? undefined : 'No Fargate configuration exists for given values.';
}

const clientError = (message: string) => new Fault('ClientException', message);
