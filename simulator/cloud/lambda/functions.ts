import { Fault } from '../../machine.ts';
import type { World } from '../../world.ts';
import { isAllowed, type PolicyDocument } from '../iam/iam.ts';
import type { Sqs } from '../sqs/sqs.ts';
import { defaultInvokeConfig, type InvokeConfig } from './asynchronous.ts';
import { checkReservation, type Share } from './concurrency.ts';
import {
  checkDefinition,
  type FunctionDefinition,
  inRange,
  invalid,
  type LambdaFunction,
  nameOf,
  type Permission,
  statementOf,
} from './function.ts';
import type { Package } from './package.ts';
import type { Handler, Platform, Runtime } from './sandbox.ts';
import { Warm } from './warm.ts';

const noPackage: Package = { sha256: '', sizeBytes: 0 };

/** A function with its policy and what runs it. */
export interface Deployed {
  settings: LambdaFunction;
  policy: PolicyDocument;
  code: (platform: Platform) => Handler;
  warm: Warm;
  running: number;
}

/** The functions of the account: how they are set up, and who may invoke them. */
export class Functions {
  protected readonly region: string;
  protected readonly accountId: string;
  protected readonly world: World;
  protected readonly sqs: Sqs;
  protected readonly functions = new Map<string, Deployed>();

  constructor(options: { region: string; accountId: string; world: World; sqs: Sqs }) {
    this.region = options.region;
    this.accountId = options.accountId;
    this.world = options.world;
    this.sqs = options.sqs;
  }

  /** Creates a function; `runtime` finds its code. Throws Fault as CreateFunction does. */
  createFunction(definition: FunctionDefinition, runtime: Runtime, code = noPackage): LambdaFunction {
    const { functionName } = definition;
    if (this.functions.has(functionName))
      throw new Fault('ResourceConflictException', `Function already exist: ${functionName}`, 409);
    const settings = this.settingsOf(definition, code, defaultInvokeConfig);
    this.functions.set(functionName, {
      settings,
      policy: { Statement: [] },
      code: runtime(settings.handler),
      warm: new Warm(),
      running: 0,
    });
    return settings;
  }

  /**
   * Sets a function up anew, with other code or the same. Its next invocations run in new environments, those under way
   * end in the old ones. Throws Fault as UpdateFunctionConfiguration and UpdateFunctionCode do.
   */
  changeFunction(definition: FunctionDefinition, runtime: Runtime, code = noPackage): void {
    const deployed = this.find(definition.functionName);
    deployed.settings = this.settingsOf(definition, code, deployed.settings.invokeConfig);
    deployed.code = runtime(definition.handler);
    this.retire(definition.functionName);
  }

  /** Deletes a function and ends its environments; what runs ends first. Throws Fault. */
  deleteFunction(nameOrArn: string): void {
    const { settings, warm } = this.find(nameOrArn);
    this.functions.delete(settings.functionName);
    warm.retire();
  }

  /** Ends the function's execution environments, as new code does: idle ones now, the others with their invocation. */
  retire(nameOrArn: string): void {
    const deployed = this.find(nameOrArn);
    deployed.warm.retire();
    deployed.warm = new Warm();
  }

  /** Lets a service invoke the function, as AWS::Lambda::Permission does. Throws Fault as AddPermission does. */
  addPermission(nameOrArn: string, permission: Permission, statementId?: string): void {
    const deployed = this.find(nameOrArn);
    const statement = statementOf(permission, deployed.settings.functionArn, statementId);
    deployed.policy = { Statement: [...[deployed.policy.Statement].flat(), statement] };
  }

  /** Takes a permission back. Throws Fault as RemovePermission does. */
  removePermission(nameOrArn: string, statementId: string): void {
    const deployed = this.find(nameOrArn);
    const statements = [deployed.policy.Statement].flat();
    const rest = statements.filter(({ Sid }) => Sid !== statementId);
    if (rest.length === statements.length)
      throw new Fault('ResourceNotFoundException', `Statement ${statementId} is not found.`, 404);
    deployed.policy = { Statement: rest };
  }

  /** Sets how asynchronous invocations are treated; none: as usual. Throws Fault as PutFunctionEventInvokeConfig does. */
  setInvokeConfig(nameOrArn: string, config: Partial<InvokeConfig> = {}): void {
    const deployed = this.find(nameOrArn);
    const invokeConfig = { ...defaultInvokeConfig, ...config };
    inRange('MaximumRetryAttempts', invokeConfig.maximumRetryAttempts, 0, 2);
    inRange('MaximumEventAgeInSeconds', invokeConfig.maximumEventAgeSeconds, 60, 21_600);
    for (const queueArn of [invokeConfig.onFailureArn, invokeConfig.onSuccessArn])
      if (queueArn !== undefined) this.checkDestination(deployed.settings, queueArn);
    deployed.settings = { ...deployed.settings, invokeConfig };
  }

  /** Every function, in the order of their creation. */
  all(): readonly LambdaFunction[] {
    return [...this.functions.values()].map(({ settings }) => settings);
  }

  /** The function of this name or ARN; undefined when there is none. */
  function(nameOrArn: string): LambdaFunction | undefined {
    return this.functions.get(nameOf(nameOrArn) ?? '')?.settings;
  }

  protected shares(except?: string): Share[] {
    return [...this.functions.values()]
      .filter(({ settings }) => settings.functionName !== except)
      .map(({ settings, running }) => ({ ...settings, running }));
  }

  private settingsOf(
    definition: FunctionDefinition,
    code: Package,
    invokeConfig: InvokeConfig,
  ): LambdaFunction {
    const { functionName, reservedConcurrency, deadLetterArn } = definition;
    checkDefinition(definition);
    if (deadLetterArn !== undefined) this.checkDestination(definition, deadLetterArn);
    checkReservation(functionName, reservedConcurrency, this.shares(functionName));
    return {
      ...definition,
      functionArn: `arn:aws:lambda:${this.region}:${this.accountId}:function:${functionName}`,
      invokeConfig,
      modifiedAt: this.world.now,
      codeSha256: code.sha256,
      codeBytes: code.sizeBytes,
    };
  }

  /** A queue for what was given up: standard, there, and the function's role may send to it. */
  private checkDestination({ functionName, role }: FunctionDefinition, queueArn: string): void {
    const queue = this.sqs.queue(queueArn);
    if (!queue)
      throw invalid(`The destination ${queueArn} of ${functionName} is not an SQS queue that exists.`);
    if (queue.settings.isFifo)
      throw invalid(
        `The destination ${queueArn} of ${functionName} is a FIFO queue; expected a standard queue.`,
      );
    if (!isAllowed(role.policies, { action: 'sqs:SendMessage', resource: queueArn, context: {} }))
      throw invalid(
        `The provided execution role does not have permissions to call SendMessage on SQS: ${role.arn} on ${queueArn}`,
      );
  }

  protected find(nameOrArn: string): Deployed {
    const deployed = this.functions.get(nameOf(nameOrArn) ?? '');
    if (!deployed) throw new Fault('ResourceNotFoundException', `Function not found: ${nameOrArn}`, 404);
    return deployed;
  }
}
