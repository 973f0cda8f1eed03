import { Fault } from '../machine.ts';
import { compatibilitiesOf } from './compatibility.ts';
import { checkWords } from './definition-words.ts';
import { gpusOf } from './gpus.ts';
import {
  type Input,
  invalid,
  oneOf,
  refuse,
  requiredText,
  structure,
  structures,
  text,
  whole,
} from './input.ts';
import { placementConstraints } from './placement.ts';
import type { Behaviour, NetworkBinding, Resources, TaskDefinition } from './records.ts';
import { requiredAttributes } from './required-attributes.ts';

const namePattern = /^[A-Za-z0-9_-]{1,255}$/;

/** What the containers of a definition do by themselves when nothing else is said (seconds). */
const usual = { startSeconds: 3, stopSeconds: 2, stopTimeoutSeconds: 30, healthIntervalSeconds: 30 };

/** CPU units of a task on EC2 (D-9.34). */
const cpuMin = 128;
const cpuMax = 196_608;

/**
 * What Docker takes at least (MiB): https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
 */
const containerMemoryMin = 6;

/** The first port of those that Docker gives to a container port without a host port. */
const firstDynamicPort = 32_768;

/**
 * Reads a task definition. Throws ClientException as ECS does for what does not fit together.
 *
 * Docker labels of a container definition say what the simulated container does, in seconds:
 * - `simulator.start-seconds`: from the start order to running, image pull included (default 3);
 * - `simulator.start-fails-after-seconds`: its image cannot be pulled, and the task fails so long after the start order
 *   (default: it starts);
 * - `simulator.stop-seconds`: from SIGTERM to its end, cut short by SIGKILL at stopTimeout (default 2; D-2.35);
 * - `simulator.exit-after-seconds`: an essential container ends by itself so long after it runs (default: never);
 * - `simulator.health-seconds`: its healthCheck first passes so long after it runs (default: the check's interval).
 */
export function readDefinition(
  input: Input,
  of: Pick<TaskDefinition, 'taskDefinitionArn' | 'revision' | 'registeredAt' | 'registeredBy'>,
): TaskDefinition {
  const containers = structures(input, 'containerDefinitions');
  if (containers.length === 0) throw clientError('Container definitions cannot be empty.');
  refuse('RegisterTaskDefinition', input, ['inferenceAccelerators', 'proxyConfiguration']);
  checkWords('taskDefinition', input);
  const names = containers.map((container) => requiredText(container, 'name', namePattern));
  if (new Set(names).size < names.length) throw clientError('Container names must be unique.');
  for (const container of containers) requiredText(container, 'image');
  if (!containers.some(isEssential))
    throw clientError('Invalid containerDefinitions: at least one container must be essential.');
  const networkMode = oneOf(input, 'networkMode', ['bridge', 'host', 'awsvpc', 'none']) ?? 'bridge';
  if (networkMode === 'none' && containers.some((each) => structures(each, 'portMappings').length > 0))
    throw clientError('Links and port mappings are not supported when networkMode=none.');
  const reservation = readReservation(input, containers, networkMode);
  return {
    ...of,
    family: requiredText(input, 'family', namePattern),
    status: 'ACTIVE',
    input: { ...input, containerDefinitions: containers.map((container) => ({ cpu: 0, ...container })) },
    networkMode,
    reservation,
    compatibilities: compatibilitiesOf(input, networkMode, reservation),
    behaviour: readBehaviour(containers),
    placementConstraints: definitionConstraints(input),
    requiresAttributes: requiredAttributes(input, networkMode),
  };
}

/** A definition can only name instances by memberOf (TaskDefinitionPlacementConstraintType). */
function definitionConstraints(input: Input) {
  const constraints = placementConstraints(input);
  if (constraints.some(({ type }) => type !== 'memberOf'))
    throw invalid('placementConstraints: type should be one of [memberOf], got "distinctInstance".');
  return constraints;
}

/** What a task takes from its instance, overrides of RunTask applied (D-9.68). Throws on an override without name. */
export function reservationOf(definition: TaskDefinition, overrides: Input): Resources {
  const containerOverrides = structures(overrides, 'containerOverrides');
  if (overrides.cpu === undefined && overrides.memory === undefined && containerOverrides.length === 0)
    return definition.reservation;
  const byName = new Map(
    containerOverrides
      .filter((override) => Object.keys(override).length > 0)
      .map((override) => [requiredText(override, 'name'), override]),
  );
  const containers = structures(definition.input, 'containerDefinitions').map((container) => ({
    ...container,
    ...byName.get(String(container.name)),
  }));
  const { cpu = definition.input.cpu, memory = definition.input.memory } = overrides;
  const task = {
    ...definition.input,
    ...(cpu !== undefined && { cpu }),
    ...(memory !== undefined && { memory }),
  };
  return readReservation(task, containers, definition.networkMode);
}

/** The network bindings of a task's containers, by name; dynamic ports are the lowest that `used` leaves. */
export function bindingsFor(
  definition: TaskDefinition,
  used: readonly number[],
): Map<string, NetworkBinding[]> {
  const bindings = new Map<string, NetworkBinding[]>();
  if (definition.networkMode === 'awsvpc' || definition.networkMode === 'none') return bindings;
  const taken = new Set(used);
  const nextFree = () => {
    let port = firstDynamicPort;
    while (taken.has(port)) port++;
    taken.add(port);
    return port;
  };
  for (const container of structures(definition.input, 'containerDefinitions'))
    bindings.set(
      String(container.name),
      portsOf(container, definition.networkMode).map(({ containerPort, hostPort, protocol }) => ({
        bindIP: '0.0.0.0',
        containerPort,
        hostPort: hostPort || nextFree(),
        protocol,
      })),
    );
  return bindings;
}

/** The first essential container of a definition. */
export function essentialContainer({ input }: TaskDefinition): string {
  return String(structures(input, 'containerDefinitions').find(isEssential)?.name);
}

const clientError = (message: string) => new Fault('ClientException', message);
const isEssential = ({ essential }: Input) => essential !== false;

/** Task-level sizes hold when given; else the containers' sums, soft limits before hard ones. */
function readReservation(input: Input, containers: readonly Input[], networkMode: string): Resources {
  const ports = containers.flatMap((container) => portsOf(container, networkMode));
  const fixed = (protocol: string) =>
    ports.filter((port) => port.protocol === protocol && port.hostPort > 0).map(({ hostPort }) => hostPort);
  const sum = (read: (container: Input) => number) =>
    containers.reduce((total, container) => total + read(container), 0);
  const taskCpu = size(input, 'cpu', /^(\d+(?:\.\d+)?)\s*vCPU$/i);
  if (taskCpu !== undefined && (taskCpu < cpuMin || taskCpu > cpuMax))
    throw clientError(`Invalid 'cpu' setting for task: expected ${cpuMin} to ${cpuMax}, got ${taskCpu}.`);
  const containersCpu = sum((container) => units(container, 'cpu') ?? 0);
  // In AWS's words: https://github.com/klothoplatform/klotho/issues/892
  if (taskCpu !== undefined && containersCpu > taskCpu)
    throw clientError(
      "The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'.",
    );
  const gpuCount = sum(gpusOf);
  const taskMemory = size(input, 'memory', /^(\d+(?:\.\d+)?)\s*GB$/i);
  return {
    cpu: taskCpu ?? containersCpu,
    memoryMib:
      taskMemory === undefined
        ? sum(memoryOf)
        : withinTask(
            taskMemory,
            sum((one) => containerMemory(one) ?? 0),
          ),
    ports: networkMode === 'awsvpc' ? [] : fixed('tcp'),
    udpPorts: networkMode === 'awsvpc' ? [] : fixed('udp'),
    ...(gpuCount > 0 && { gpuCount }),
  };
}

function withinTask(taskMemory: number, containersMemory: number): number {
  if (containersMemory <= taskMemory) return taskMemory;
  throw clientError(
    `Invalid 'memory' setting for task: expected at least what its containers reserve, ${containersMemory}, got ${taskMemory}.`,
  );
}

/** What the container reserves (MiB); undefined where it says nothing. */
function containerMemory(container: Input): number | undefined {
  const [soft, hard] = [units(container, 'memoryReservation'), units(container, 'memory')];
  const wrong = (what: string) => clientError(`Invalid setting for container '${container.name}'. ${what}`);
  for (const [name, value] of Object.entries({ memoryReservation: soft, memory: hard }))
    if (value !== undefined && value < containerMemoryMin)
      throw wrong(`'${name}': expected at least ${containerMemoryMin}, got ${value}.`);
  if (soft !== undefined && hard !== undefined && hard <= soft)
    throw wrong(`'memory': expected more than 'memoryReservation', which is ${soft}, got ${hard}.`);
  return soft ?? hard;
}

function memoryOf(container: Input): number {
  const memory = containerMemory(container);
  if (memory !== undefined) return memory;
  throw clientError(
    `Invalid setting for container '${container.name}'. At least one of 'memory' or 'memoryReservation' must be specified.`,
  );
}

const units = (container: Input, name: string) => whole(container, name, 0, 10_000_000);

/** `512`, or `1 vCPU` and `1GB` in units of 1,024 (D-9.34). */
function size(input: Input, name: 'cpu' | 'memory', inUnits: RegExp): number | undefined {
  const written = text(input, name)?.trim();
  if (written === undefined) return undefined;
  if (/^\d+$/.test(written)) return Number(written);
  const [, amount] = inUnits.exec(written) ?? [];
  if (amount === undefined) throw clientError(`Invalid '${name}' setting for task: ${written}.`);
  return Number(amount) * 1024;
}

/** In host mode the host port is the container port; in bridge mode 0 means any free one. */
function portsOf(container: Input, networkMode: string) {
  return structures(container, 'portMappings').map((mapping) => {
    const containerPort = whole(mapping, 'containerPort', 0, 65_535) ?? 0;
    const given = whole(mapping, 'hostPort', 0, 65_535) ?? 0;
    // In AWS's words: https://github.com/pulumi/pulumi-awsx/issues/935
    if (networkMode === 'awsvpc' && given !== 0 && given !== containerPort)
      throw clientError(
        'When networkMode=awsvpc, the host ports and container ports in port mappings must match.',
      );
    const protocol = oneOf(mapping, 'protocol', ['tcp', 'udp']) ?? 'tcp';
    return { containerPort, hostPort: networkMode === 'host' ? given || containerPort : given, protocol };
  });
}

function readBehaviour(containers: readonly Input[]): Behaviour {
  const stops = containers.map((container) => {
    const stopMs = label(container, 'stop-seconds') ?? usual.stopSeconds * 1000;
    const timeoutSeconds = whole(container, 'stopTimeout', 0, 86_400) ?? usual.stopTimeoutSeconds;
    const isKilled = stopMs > timeoutSeconds * 1000;
    return { name: String(container.name), stopMs: Math.min(stopMs, timeoutSeconds * 1000), isKilled };
  });
  const exits = containers
    .filter(isEssential)
    .map((container) => ({
      containerName: String(container.name),
      afterMs: label(container, 'exit-after-seconds'),
    }))
    .flatMap(({ containerName, afterMs }) => (afterMs === undefined ? [] : [{ containerName, afterMs }]))
    .sort((a, b) => a.afterMs - b.afterMs);
  const checks = containers
    .filter((container) => isEssential(container) && container.healthCheck)
    .map((container) => label(container, 'health-seconds') ?? intervalMs(container));
  const failures = containers.flatMap((each) => label(each, 'start-fails-after-seconds') ?? []);
  return {
    startFailsMs: failures.length === 0 ? undefined : Math.min(...failures),
    startMs: Math.max(...containers.map((each) => label(each, 'start-seconds') ?? usual.startSeconds * 1000)),
    stopMs: Math.max(...stops.map(({ stopMs }) => stopMs)),
    exitCodes: new Map(stops.map(({ name, isKilled }) => [name, isKilled ? 137 : 0])),
    exit: exits[0],
    healthMs: checks.length === 0 ? undefined : Math.max(...checks),
  };
}

function intervalMs({ healthCheck }: Input): number {
  const interval = whole(structure(healthCheck, 'healthCheck'), 'interval', 5, 300);
  return (interval ?? usual.healthIntervalSeconds) * 1000;
}

/** A simulator label in milliseconds; undefined when it is not there. */
function label(container: Input, name: string): number | undefined {
  const value = structure(container.dockerLabels, 'dockerLabels')[`simulator.${name}`];
  if (value === undefined) return undefined;
  const seconds = typeof value === 'string' && value !== '' ? Number(value) : Number.NaN;
  if (!Number.isFinite(seconds) || seconds < 0)
    throw invalid(
      `dockerLabels simulator.${name}: expected seconds, 0 or more, got ${JSON.stringify(value)}.`,
    );
  return seconds * 1000;
}
