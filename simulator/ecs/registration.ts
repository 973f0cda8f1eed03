import { isExternalId } from './attributes.ts';
import {
  type Input,
  invalid,
  list,
  oneOf,
  requiredText,
  structure,
  structures,
  text,
  texts,
  whole,
} from './input.ts';
import type { Registration } from './instances.ts';
import type { Attribute, OtherResource } from './records.ts';
import { valueMembers } from './shapes.ts';
import { tagsOf } from './tags.ts';

/** D-9.7. */
export const attributeName = /^[A-Za-z0-9\-_./\\]{1,128}$/;
export const attributeValue = /^(?! )[A-Za-z0-9\-_.@/:\\ ]{1,128}(?<! )$/;

/** Where the account is, which is where its instances must be. */
interface Place {
  readonly region: string;
  readonly accountId: string;
}

/** What RegisterContainerInstance says of an instance, checked; the signature of the document is not (D-9.11). */
export function registrationOf(
  input: Input,
  place: Place,
  principalArn: string,
): Omit<Registration, 'clusterName' | 'principalArn'> {
  const { instanceId, instanceType, availabilityZone } =
    externalOf(input, principalArn) ?? identityOf(input, place);
  const version = structure(input.versionInfo, 'versionInfo');
  const said = (name: string) => {
    const value = text(version, name);
    return value === undefined ? {} : { [name]: value };
  };
  return {
    ec2InstanceId: instanceId,
    instanceType,
    availabilityZone,
    ...resourcesOf(input),
    versionInfo: { ...said('agentVersion'), ...said('agentHash'), ...said('dockerVersion') },
    attributes: attributesOf(input),
    tags: tagsOf(input),
  };
}

/**
 * The agent of an external machine has no document: its credentials say which machine of Systems Manager it is
 * (D-14.51).
 */
function externalOf(input: Input, principalArn: string) {
  const isBlank = !text(input, 'instanceIdentityDocument');
  const [, instanceId] = /:assumed-role\/[^/]+\/(mi-[0-9a-f]+)$/.exec(principalArn) ?? [];
  return isBlank && instanceId !== undefined
    ? { instanceId, instanceType: '', availabilityZone: '' }
    : undefined;
}

/** The document that EC2 gives to its instances; with the id of an external machine, what is tried by hand. */
function identityOf(input: Input, { region, accountId }: Place) {
  const name = 'instanceIdentityDocument';
  requiredText(input, `${name}Signature`);
  const document = read(requiredText(input, name), name);
  const instanceId = requiredText(document, 'instanceId', /^m?i-[0-9a-z-]+$/);
  const own: Readonly<Record<string, string>> = { region, accountId };
  for (const [member, expected] of Object.entries(own))
    if (document[member] !== undefined && document[member] !== expected)
      throw invalid(`${name}: expected ${member} ${expected}, got ${JSON.stringify(document[member])}.`);
  if (isExternalId(instanceId)) return { instanceId, instanceType: '', availabilityZone: '' };
  return {
    instanceId,
    instanceType: text(document, 'instanceType') ?? 'm5.large',
    availabilityZone: text(document, 'availabilityZone') ?? `${region}a`,
  };
}

function read(json: string, name: string): Input {
  try {
    return structure(JSON.parse(json), name);
  } catch {
    throw invalid(`${name}: expected a JSON object, got ${JSON.stringify(json.slice(0, 100))}.`);
  }
}

const attributesOf = (input: Input): Attribute[] =>
  structures(input, 'attributes').map((attribute) => {
    const value = text(attribute, 'value', attributeValue);
    const name = requiredText(attribute, 'name', attributeName);
    return { name, ...(value !== undefined && { value }) };
  });

/** CPU and memory there must be; ports are those the agent keeps; GPUs are named by their ids (D-9.4, D-9.5). */
function resourcesOf(input: Input) {
  const resources = structures(input, 'totalResources').map(resourceOf);
  const names = resources.map(({ name }) => name);
  if (new Set(names).size < names.length) throw invalid('totalResources: names must be unique.');
  const of = (name: string, type: OtherResource['type']) => {
    const resource = resources.find((each) => each.name === name);
    if (resource && resource.type !== type)
      throw invalid(`totalResources: expected ${name} of type ${type}, got ${resource.type}.`);
    return resource?.value;
  };
  const amount = (name: string) => {
    const value = of(name, 'INTEGER');
    if (typeof value === 'number' && value > 0) return value;
    throw invalid(`totalResources: expected ${name} with an integerValue of more than 0, got ${value}.`);
  };
  const ports = (name: string) => list({ ports: of(name, 'STRINGSET') }, 'ports').map(portOf);
  const known = ['CPU', 'MEMORY', 'PORTS', 'PORTS_UDP'];
  return {
    cpu: amount('CPU'),
    memoryMib: amount('MEMORY'),
    ports: ports('PORTS'),
    udpPorts: ports('PORTS_UDP'),
    otherResources: [...resources.filter(({ name }) => !known.includes(name)), ...devicesOf(input)],
  };
}

const isEmpty = (value: unknown) => !value || (Array.isArray(value) && value.length === 0);

/** Exactly the member of its type has the value (D-9.5); agents send zeros and empty lists in the others. */
function resourceOf(resource: Input): OtherResource {
  const name = requiredText(resource, 'name');
  const type = oneOf(resource, 'type', ['INTEGER', 'DOUBLE', 'LONG', 'STRINGSET']);
  if (!type) throw invalid(`totalResources: expected a type of ${name}, got nothing.`);
  const own = valueMembers[type];
  const other = Object.values(valueMembers).find((member) => member !== own && !isEmpty(resource[member]));
  const value = resource[own];
  if (other && value !== undefined)
    throw invalid(`totalResources: expected ${name} with its ${own} alone, got a ${other} too.`);
  if (type === 'STRINGSET') return { name, type, value: texts(resource, own) };
  if (typeof value === 'number' && (type === 'DOUBLE' || Number.isInteger(value)))
    return { name, type, value };
  throw invalid(`totalResources: expected ${name} with a ${own}, got ${JSON.stringify(value)}.`);
}

function portOf(port: unknown): number {
  const number = whole({ port: Number(port) }, 'port', 1, 65_535);
  if (number === undefined) throw invalid(`totalResources: expected ports, got ${JSON.stringify(port)}.`);
  return number;
}

function devicesOf(input: Input): OtherResource[] {
  const devices = structures(input, 'platformDevices').map((device) => ({
    id: requiredText(device, 'id'),
    type: oneOf(device, 'type', ['GPU', 'NEURON_DEVICE']),
  }));
  return [...new Set(devices.map(({ type }) => type))].flatMap((type) => {
    if (!type) throw invalid('platformDevices: expected a type of each device.');
    const value = devices.filter((device) => device.type === type).map(({ id }) => id);
    return [{ name: type, type: 'STRINGSET' as const, value }];
  });
}
