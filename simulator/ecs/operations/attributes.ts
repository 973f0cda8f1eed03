import { Fault } from '../../machine.ts';
import { clusterOf } from '../arn.ts';
import { type Input, invalid, oneOf, requiredText, structures, text } from '../input.ts';
import { pageOf } from '../paging.ts';
import type { Attribute, ContainerInstanceRecord } from '../records.ts';
import { attributeName, attributeValue } from '../registration.ts';
import type { State } from '../state.ts';
import type { Operations, Request } from './operation.ts';

/** Custom attributes that a resource may have, and that one call may bring (D-9.7, D-13.14). */
const attributesMax = 10;
const targetTypes = ['container-instance'] as const;

interface Change {
  readonly instance: ContainerInstanceRecord;
  readonly name: string;
  readonly value: string | undefined;
}

/** Attributes: changing them has no event, and the version of the instance stays (D-1.13). */
export const attributeOperations: Operations = {
  PutAttributes: {
    answer(request) {
      const changes = changesOf(request.state, request.input);
      carryOut(request, changes, withAttribute);
      return { attributes: changes.map(attributeShape) };
    },
  },
  DeleteAttributes: {
    answer(request) {
      const changes = changesOf(request.state, request.input);
      const there = changes.filter(({ instance, name }) =>
        instance.customAttributes.some((own) => own.name === name),
      );
      carryOut(request, there, withoutAttribute);
      return { attributes: there.map(attributeShape) };
    },
  },
  ListAttributes: {
    reads: 'container-instances',
    answer(request) {
      const { input } = request;
      if (!oneOf(input, 'targetType', targetTypes)) throw invalid('targetType cannot be blank.');
      const name = text(input, 'attributeName', attributeName);
      const value = text(input, 'attributeValue', attributeValue);
      if (value !== undefined && name === undefined)
        throw invalid('attributeValue: expected an attributeName beside it.');
      const isAsked = (attribute: Attribute) =>
        (name === undefined || attribute.name === name) && (value === undefined || attribute.value === value);
      const places = new Map<string, Change>();
      const { entries, ...token } = pageOf(request, (after) => placesAfter(request, after, isAsked, places), {
        usualSize: 100,
      });
      return {
        attributes: entries.flatMap((entry) => places.get(entry) ?? []).map(attributeShape),
        ...token,
      };
    },
  },
};

function* chained<T>(...lists: Iterable<T>[]): Generator<T> {
  for (const each of lists) yield* each;
}

/** The attributes of the cluster's instances in order, each under the place that says where it stands. */
function* placesAfter(
  { input, state, viewAt }: Request,
  after: string,
  isAsked: (attribute: Attribute) => boolean,
  places: Map<string, Change>,
): Generator<string> {
  const { clusterArn } = state.cluster(clusterOf(input));
  const [last = ''] = after.split(' ');
  const arns = last === '' ? [] : [last];
  for (const arn of chained(arns, state.instances.keysAfter(last))) {
    const instance = state.instances.get(arn, viewAt);
    if (instance?.clusterArn !== clusterArn || instance.status === 'INACTIVE') continue;
    const named = [...instance.agentAttributes, ...instance.customAttributes].filter(isAsked);
    for (const { name, value } of named.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const place = `${instance.containerInstanceArn} ${name}`;
      if (place <= after) continue;
      places.set(place, { instance, name, value });
      yield place;
    }
  }
}

type Attributes = ContainerInstanceRecord['customAttributes'];

/** Changes the instances once all of the call is known to be right; placement may look different after it. */
function carryOut(
  { now, state, scheduler }: Request,
  changes: readonly Change[],
  apply: (attributes: Attributes, change: Change) => Attributes,
): void {
  const rows = new Map<string, ContainerInstanceRecord>();
  for (const change of changes) {
    const { containerInstanceArn } = change.instance;
    const row = rows.get(containerInstanceArn) ?? change.instance;
    rows.set(containerInstanceArn, { ...row, customAttributes: apply(row.customAttributes, change) });
  }
  for (const row of rows.values()) {
    state.putInstance(now, row, { event: false });
    scheduler.instanceChanged(now, row);
  }
}

/** Every attribute of the call with its target; nothing is changed when one of them is wrong. */
function changesOf(state: State, input: Input): Change[] {
  const { clusterArn } = state.cluster(clusterOf(input));
  const given = structures(input, 'attributes');
  if (given.length === 0) throw invalid('attributes cannot be empty.');
  if (given.length > attributesMax) throw invalid(`attributes can have at most ${attributesMax} items.`);
  return given.map((attribute) => ({
    name: requiredText(attribute, 'name', attributeName),
    value: text(attribute, 'value', attributeValue),
    instance: targetOf(state, clusterArn, attribute),
  }));
}

function targetOf(state: State, clusterArn: string, attribute: Input): ContainerInstanceRecord {
  const targetId = requiredText(attribute, 'targetId');
  const targetType = oneOf(attribute, 'targetType', targetTypes);
  if (!targetId.startsWith('arn:') && targetType === undefined)
    throw invalid('targetType: expected container-instance with a targetId in the short form.');
  const instance = state.instanceIn(clusterArn, targetId);
  if (instance && instance.status !== 'INACTIVE') return instance;
  throw new Fault('TargetNotFoundException', `The target ${targetId} was not found.`);
}

function withAttribute(attributes: Attributes, change: Change): Attributes {
  const { instance, name, value } = change;
  const changed = [...withoutAttribute(attributes, change), { name, ...(value !== undefined && { value }) }];
  if (changed.length <= attributesMax) return changed;
  throw new Fault(
    'AttributeLimitExceededException',
    `${instance.containerInstanceArn} can have at most ${attributesMax} custom attributes.`,
  );
}

const withoutAttribute = (attributes: Attributes, { name }: Change): Attributes =>
  attributes.filter((attribute) => attribute.name !== name);

const attributeShape = ({ instance, name, value }: Change) => ({
  name,
  ...(value !== undefined && { value }),
  targetType: 'container-instance',
  targetId: instance.containerInstanceArn,
});
