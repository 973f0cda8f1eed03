import type { Ids } from '../../chance.ts';
import { type Call, Fault, type Need, type Outcome, type Service } from '../../machine.ts';
import type { World } from '../../world.ts';
import type { Runtime } from '../lambda/sandbox.ts';
import { install } from '../provision/install.ts';
import type { Site } from '../provision/provision.ts';
import { Blueprint } from '../template/blueprint.ts';
import { type Place, stackArn } from '../template/names.ts';
import type { Stack } from '../template/template.ts';
import { ChangeSet, ChangeSets, changeSetMs } from './change-set.ts';
import { hasChanges, refusedChange } from './changes.ts';
import { CustomResources } from './custom.ts';
import { Exports } from './exports.ts';
import { checkStackName, checkUpdatable, invalidStack, readRequest, stackNameIn, worked } from './input.ts';
import { Operation } from './operation.ts';
import { answerOf, type Input, queryNames } from './queries.ts';
import { type Request, StackRecord } from './stack.ts';
import { presentMember, Work } from './work.ts';

/** CloudFormation: the stacks of the account, and how they come, change and go. */
export class CloudFormation implements Service {
  /** What is under way lives in the agenda of the world. */
  readonly nextAt = undefined;
  /** Every stack that ever was, oldest first. */
  readonly stacks: StackRecord[] = [];
  readonly exports = new Exports(() => this.stacks);
  readonly site: Site;
  private readonly world: World;
  /** Where its stacks stand. */
  readonly place: Omit<Place, 'stackName'>;
  private readonly ids: Ids;
  private readonly custom: CustomResources;
  readonly changeSets = new ChangeSets();

  constructor(options: {
    region: string;
    accountId: string;
    endpointUrl?: string | undefined;
    site: Site;
  }) {
    const { region, accountId, endpointUrl, site } = options;
    const { world, lambda } = site;
    this.place = { region, accountId, endpointUrl };
    this.site = site;
    this.world = world;
    this.ids = world.ids('cloudformation');
    this.custom = new CustomResources({ world, lambda, region, endpointUrl });
  }

  advance(): Outcome[] {
    return [];
  }

  apply(_now: number, { operation, input }: Call): { reply: Record<string, unknown>; outcomes: Outcome[] } {
    const run = this.operations[operation];
    const reply = run ? run(input as Input) : answerOf(this, operation, input);
    return { reply, outcomes: [] };
  }

  /** Stacks are read as they are. */
  tableRead(): undefined {
    return undefined;
  }

  needs({ operation, input }: Call): Need[] {
    const { StackName: name } = input;
    const resource =
      typeof name !== 'string'
        ? '*'
        : name.startsWith('arn:')
          ? name
          : stackArn({ ...this.place, stackName: name }, '*');
    return [{ action: `cloudformation:${operation}`, resource, context: {} }];
  }

  /** Whether the body of a request asks how an operation goes on that is under way. */
  isPolled(body: Uint8Array): boolean {
    if (!this.stacks.some(({ isUnderWay }) => isUnderWay) && !this.changeSets.isAnyPending) return false;
    return new URLSearchParams(new TextDecoder().decode(body)).get('Action')?.startsWith('Describe') ?? false;
  }

  /** Takes what the function of a custom resource put to its ResponseURL; false: nobody waits under this token. */
  respond(token: string, body: string): boolean {
    return this.custom.respond(token, body);
  }

  /** The same, by the whole URL. */
  respondAt(url: string, body: string): boolean {
    return this.custom.respondAt(url, body);
  }

  /**
   * Creates a stack all at once; `runtime` finds the code of its functions, whose packages are not looked at. The
   * function of a custom resource is asked when time goes on, and not waited for. Throws TemplateError, or Fault.
   */
  install(
    template: unknown,
    stackName: string,
    options: { runtime: Runtime; parameters: Readonly<Record<string, string>> },
  ): Stack {
    const { runtime, parameters } = options;
    const { world, site } = this;
    const place = { ...this.place, stackName };
    const stack = this.record(place, runtime);
    const blueprint = new Blueprint(template, place, parameters, this.exports.values());
    const resources = install(blueprint, { ...site, runtime }, (resource) => {
      this.custom.ask({ type: 'Create', stackId: stack.id, resource }, (answer) => {
        const member = stack.members.get(resource.logicalId);
        const { logicalId } = resource;
        if (answer instanceof Fault)
          world.record('custom-resource-failed', { stackName, logicalId, error: answer.message });
        else if (member) member.resource = answer;
      });
      return resource;
    });
    for (const [logicalId, resource] of resources)
      stack.members.set(logicalId, presentMember(blueprint, resource, world.now));
    const text = JSON.stringify(template);
    const given = Object.entries(parameters).map(([ParameterKey, ParameterValue]) => ({
      ParameterKey,
      ParameterValue,
    }));
    stack.request = { blueprint, text, parameters: given, tags: [], capabilities: [] };
    const outputs = blueprint.outputs((logicalId) => stack.resource(logicalId));
    this.exports.publish(stack, outputs);
    this.stacks.push(stack);
    stack.become(world.now, 'CREATE_COMPLETE');
    world.record('deployed', { stackName, resources: resources.size });
    const values = Object.fromEntries(outputs.map(({ name, value }) => [name, value]));
    return { region: place.region, accountId: place.accountId, stackName, resources, outputs: values };
  }

  /** The stack of this name that is there, or of this ARN, there or not; undefined when there is none. */
  stack(nameOrId: string): StackRecord | undefined {
    return this.stacks.findLast(({ name, id, deletedAt }) =>
      nameOrId.startsWith('arn:') ? id === nameOrId : name === nameOrId && deletedAt === undefined,
    );
  }

  /** The change set that an input names. Throws Fault. */
  changeSet({ ChangeSetName: name = '', StackName }: Input): ChangeSet {
    return this.changeSets.find(
      name,
      name.startsWith('arn:') ? undefined : this.find(stackNameIn(StackName)),
    );
  }

  private readonly operations: Readonly<Record<string, (input: Input) => Record<string, unknown>>> = {
    CreateStack: (input) => {
      const stack = this.open(input);
      const { DisableRollback: isKept = false, OnFailure = isKept ? 'DO_NOTHING' : 'ROLLBACK' } = input;
      if (isKept && input.OnFailure !== undefined)
        throw invalidStack('Only one of DisableRollback and OnFailure can be specified.');
      const request = this.read(stack, input);
      stack.disableRollback = isKept;
      stack.isProtected = input.EnableTerminationProtection ?? false;
      this.stacks.push(stack);
      this.operation(stack).create(request, OnFailure);
      return { StackId: stack.id };
    },
    UpdateStack: (input) => {
      const stack = this.find(input.StackName);
      const request = this.readUpdate(stack, input);
      if (!worked(() => hasChanges(stack, request))) throw invalidStack('No updates are to be performed.');
      this.changeSets.begin(stack);
      this.operation(stack).update(request, input.DisableRollback ?? false);
      return { StackId: stack.id };
    },
    DeleteStack: (input) => {
      const stack = this.stack(input.StackName ?? '');
      if (stack && stack.deletedAt === undefined && stack.status !== 'DELETE_IN_PROGRESS')
        this.deleteStack(stack, input.RetainResources ?? []);
      return {};
    },
    UpdateTerminationProtection: (input) => {
      const stack = this.find(input.StackName);
      stack.isProtected = input.EnableTerminationProtection ?? false;
      return { StackId: stack.id };
    },
    CreateChangeSet: (input) => this.createChangeSet(input),
    ExecuteChangeSet: (input) => {
      const changeSet = this.changeSet(input);
      const { stack, request, isCreation } = changeSet;
      const name = `ChangeSet [${changeSet.id}]`;
      if (!changeSet.isAvailable)
        throw new Fault(
          'InvalidChangeSetStatus',
          `${name} cannot be executed in its current status of [${changeSet.summary().Status}]`,
        );
      if (!isCreation) checkUpdatable(stack);
      this.changeSets.begin(stack, changeSet);
      changeSet.execute();
      const isKept = input.DisableRollback ?? false;
      stack.disableRollback = isKept;
      if (isCreation) this.operation(stack).create(request, isKept ? 'DO_NOTHING' : changeSet.onFailure);
      else this.operation(stack).update(request, isKept);
      return {};
    },
    DeleteChangeSet: (input) => {
      this.changeSets.delete(this.find(stackNameIn(input.StackName)), input.ChangeSetName ?? '');
      return {};
    },
  };

  readonly operationNames: readonly string[] = [...Object.keys(this.operations), ...queryNames];

  private createChangeSet(input: Input): Record<string, unknown> {
    const { ChangeSetName: name = '', ChangeSetType: type = 'UPDATE', Description: description } = input;
    if (!/^[a-zA-Z][-a-zA-Z0-9]{0,127}$/.test(name)) throw invalidStack(`Invalid ChangeSetName: ${name}`);
    if (type !== 'CREATE' && type !== 'UPDATE')
      throw invalidStack(`ChangeSetType: expected CREATE or UPDATE, got ${type}`);
    const isCreation = type === 'CREATE';
    const { world, place } = this;
    const reviewed = isCreation ? this.stack(input.StackName ?? '') : undefined;
    if (reviewed && reviewed.status !== 'REVIEW_IN_PROGRESS')
      throw invalidStack(
        `Stack [${reviewed.name}] already exists and cannot be created again with the changeSet [${name}].`,
      );
    const stack = isCreation ? (reviewed ?? this.open(input)) : this.find(input.StackName);
    this.changeSets.checkFree(stack, name);
    const request = isCreation ? this.read(stack, input) : this.readUpdate(stack, input);
    if (isCreation && !reviewed) {
      this.stacks.push(stack);
      stack.become(world.now, 'REVIEW_IN_PROGRESS', 'User Initiated');
    }
    const id = `arn:aws:cloudformation:${place.region}:${place.accountId}:changeSet/${name}/${this.ids.uuid()}`;
    const { OnStackFailure: onFailure = 'ROLLBACK' } = input;
    const createdAt = world.now;
    const changeSet = new ChangeSet({
      id,
      name,
      stack,
      request,
      isCreation,
      createdAt,
      onFailure,
      description,
    });
    this.changeSets.add(changeSet);
    world.at(world.now + changeSetMs, () => changeSet.finish());
    return { Id: id, StackId: stack.id };
  }

  private deleteStack(stack: StackRecord, kept: readonly string[]): void {
    const { name, status } = stack;
    if (stack.isProtected)
      throw invalidStack(`Stack [${name}] cannot be deleted while TerminationProtection is enabled`);
    if (kept.length > 0 && status !== 'DELETE_FAILED')
      throw invalidStack(
        `Invalid operation on stack [${stack.id}]. RetainResources may be specified only for a stack in DELETE_FAILED state.`,
      );
    if (stack.isUnderWay && status !== 'CREATE_IN_PROGRESS')
      throw invalidStack(`Stack [${name}] cannot be deleted while in status ${status}`);
    stack.cancel();
    this.changeSets.begin(stack);
    const held = this.exports.hold(stack);
    if (held === undefined) this.operation(stack).delete(kept);
    else stack.become(this.world.now, 'DELETE_FAILED', held);
  }

  private operation(stack: StackRecord): Operation {
    const { world, site, custom, exports } = this;
    const work = new Work({ stack, world, site, custom });
    return new Operation({ world, work, publish: (...what) => exports.publish(...what) });
  }

  /** A stack that is not there yet. */
  private open({ StackName: stackName = '' }: Input): StackRecord {
    checkStackName(stackName);
    if (this.stack(stackName))
      throw new Fault('AlreadyExistsException', `Stack [${stackName}] already exists`);
    const place = { ...this.place, stackName };
    return this.record({ ...place, stackId: stackArn(place, this.ids.uuid()) });
  }

  private record(place: Place, runtime?: Runtime): StackRecord {
    const { now: createdAt } = this.world;
    return new StackRecord({ place, createdAt, newId: () => this.ids.uuid(), runtime });
  }

  private find(nameOrId: string | undefined): StackRecord {
    const stack = this.stack(nameOrId ?? '');
    if (!stack || stack.deletedAt !== undefined) throw invalidStack(`Stack [${nameOrId}] does not exist`);
    return stack;
  }

  private read(stack: StackRecord, input: Input): Request {
    const exports = this.exports.values();
    return readRequest(input, { place: stack.place, s3: this.site.s3, exports, previous: stack.request });
  }

  private readUpdate(stack: StackRecord, input: Input): Request {
    checkUpdatable(stack);
    const request = this.read(stack, input);
    const refused = refusedChange(stack, request.blueprint);
    if (refused !== undefined) throw invalidStack(refused);
    return request;
  }
}
