import { Fault } from '../../machine.ts';
import { clusterOf, lastSegment } from '../arn.ts';
import { type Input, invalid, oneOf, requiredText, structures, text } from '../input.ts';
import type { ContainerInstanceRecord } from '../records.ts';
import type { State } from '../state.ts';
import type { Operations, Request } from './operation.ts';

/** Custom attributes that a resource may have, and that one call may bring (D-9.7, D-13.14). */
const attributesMax = 10;

/** D-9.7. */
const namePattern = /^[A-Za-z0-9\-_./\\]{1,128}$/;
const valuePattern = /^(?! )[A-Za-z0-9\-_.@/:\\ ]{1,128}(?<! )$/;

interface Change {
  readonly instance: ContainerInstanceRecord;
  readonly name: string;
  readonly value: string | undefined;
}

/** PutAttributes and DeleteAttributes: no event, and the version of the instance stays (D-1.13). */
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
};

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
    name: requiredText(attribute, 'name', namePattern),
    value: text(attribute, 'value', valuePattern),
    instance: targetOf(state, clusterArn, attribute),
  }));
}

function targetOf(state: State, clusterArn: string, attribute: Input): ContainerInstanceRecord {
  const targetId = requiredText(attribute, 'targetId');
  const targetType = oneOf(attribute, 'targetType', ['container-instance']);
  if (!targetId.startsWith('arn:') && targetType === undefined)
    throw invalid('targetType: expected container-instance with a targetId in the short form.');
  const instance = state.instances.get(state.arns.containerInstance(clusterArn, lastSegment(targetId)));
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
