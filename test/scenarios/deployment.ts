import { packagedTemplate } from '../../demo/install.ts';
import type { Account } from '../../simulator/account.ts';
import type { Template } from '../stack/template.ts';
import { Scene, type SceneWish } from './scene.ts';

/** What happened to a resource of the stack, or to the stack itself. */
interface StackEvent {
  readonly LogicalResourceId: string;
  readonly ResourceStatus: string;
  readonly ResourceStatusReason?: string;
}

const stackName = 'ecs-steward-prod';
/** Working a change set out takes less than this. */
const changeSetSeconds = 5;
const bucketId = 'ServerlessDeploymentBucket';

/** The stack in an account, made, changed and deleted through time, as `sls deploy` and `sls remove` do it. */
export class Deployment {
  private readonly account: Account;
  private readonly name: string;
  private stackId = '';
  private count = 0;

  constructor(account: Account, name = stackName) {
    this.account = account;
    this.name = name;
  }

  /** A scene whose stack was deployed. */
  static async open(wish: SceneWish = {}): Promise<{ scene: Scene; deployment: Deployment }> {
    let deployment: Deployment | undefined;
    const install = async (account: Account) => {
      deployment = new Deployment(account);
      await deployment.create((wish.template ?? packagedTemplate()) as Template);
    };
    const scene = await Scene.open({ ...wish, install });
    if (!deployment) throw new Error('Nobody installed the stack');
    return { scene, deployment };
  }

  /** First the bucket, then what is uploaded to it, then everything. Throws where the stack does not get there. */
  async create(template = packagedTemplate() as Template): Promise<void> {
    await this.createBucket(template);
    await this.update(template);
  }

  /** Makes the stack of what packages are uploaded to. */
  async createBucket({ Resources }: Template): Promise<void> {
    const bucket = { Resources: { [bucketId]: Resources[bucketId] } };
    const input = { StackName: this.name, TemplateBody: JSON.stringify(bucket) };
    this.stackId = String(this.account.call('cloudformation', 'CreateStack', input).StackId);
    await this.expect('CREATE_COMPLETE');
  }

  /** Begins to update the stack to this template, whose functions come in other packages each time. */
  async beginUpdate(template: Template): Promise<void> {
    const { account } = this;
    this.count++;
    const upload = `upload-${this.count}`;
    account.call('cloudformation', 'CreateChangeSet', {
      ...{ StackName: this.name, ChangeSetName: upload, Capabilities: ['CAPABILITY_IAM'] },
      TemplateURL: this.urlOf(this.uploaded(template, upload), upload),
    });
    await account.advance(changeSetSeconds);
    account.call('cloudformation', 'ExecuteChangeSet', { StackName: this.name, ChangeSetName: upload });
  }

  /** Updates the stack to this template. Throws where it does not get there. */
  async update(template: Template): Promise<void> {
    await this.beginUpdate(template);
    await this.expect('UPDATE_COMPLETE');
  }

  /** Empties the bucket of the stack and begins to delete it. */
  beginRemoval(): void {
    const { s3, world } = this.account;
    const bucket = this.physicalIds[bucketId] ?? '';
    for (const key of [...s3.bucket(bucket).keys.keys()]) s3.delete(world.now, bucket, key);
    this.account.call('cloudformation', 'DeleteStack', { StackName: this.name });
  }

  /** Deletes the stack; gives how it stands when that has ended. */
  async remove(): Promise<string> {
    this.beginRemoval();
    return this.settled();
  }

  /** Lets time pass until no operation is under way; gives how the stack stands then. */
  async settled(): Promise<string> {
    await this.account.until('the stack', () => !this.status.endsWith('_IN_PROGRESS'), 1200);
    return this.status;
  }

  get status(): string {
    const { Stacks } = this.account.call('cloudformation', 'DescribeStacks', { StackName: this.stackId });
    return (Stacks as { StackStatus: string }[])[0]?.StackStatus ?? '';
  }

  /** Oldest first, of every page. */
  get events(): readonly StackEvent[] {
    const events: StackEvent[] = [];
    for (let NextToken: unknown; ; ) {
      const input = { StackName: this.stackId, ...(NextToken ? { NextToken } : {}) };
      const answer = this.account.call('cloudformation', 'DescribeStackEvents', input);
      events.push(...(answer.StackEvents as StackEvent[]));
      NextToken = answer.NextToken;
      if (!NextToken) return events.toReversed();
    }
  }

  /** What resources of the stack are called, by logical id. */
  get physicalIds(): Readonly<Record<string, string>> {
    const answer = this.account.call('cloudformation', 'DescribeStackResources', { StackName: this.stackId });
    const resources = answer.StackResources as { LogicalResourceId: string; PhysicalResourceId: string }[];
    return Object.fromEntries(
      resources.map(({ LogicalResourceId, PhysicalResourceId }) => [LogicalResourceId, PhysicalResourceId]),
    );
  }

  /** The resources of the stack that are gone. */
  get deleted(): readonly string[] {
    return this.events
      .filter(({ ResourceStatus }) => ResourceStatus === 'DELETE_COMPLETE')
      .map(({ LogicalResourceId }) => LogicalResourceId);
  }

  private async expect(status: string): Promise<void> {
    if ((await this.settled()) === status) return;
    const why = this.events.flatMap(({ ResourceStatusReason }) => ResourceStatusReason ?? []);
    throw new Error(`The stack is ${this.status}: ${why.join('; ')}`);
  }

  /** The template is larger than what a request may hold: it goes by the bucket, as the framework sends it. */
  private urlOf(template: Template, upload: string): string {
    const bucket = this.physicalIds[bucketId] ?? '';
    const key = `${upload}/template.json`;
    const body = Buffer.from(JSON.stringify(template));
    const draft = { body, contentType: 'application/json', metadata: {}, headers: {} };
    this.account.s3.put(this.account.world.now, bucket, key, draft);
    return `https://s3.amazonaws.com/${bucket}/${key}`;
  }

  /** The template with every package in the bucket of the stack, under a key that it never had. */
  private uploaded({ Resources, ...rest }: Template, upload: string): Template {
    const { account } = this;
    const bucket = this.physicalIds[bucketId] ?? '';
    const withKeys = Object.entries(Resources).map(([id, resource]) => {
      if (resource.Type !== 'AWS::Lambda::Function') return [id, resource];
      const Code = { S3Bucket: { Ref: bucketId }, S3Key: `${upload}/${id}.zip` };
      const body = Buffer.from(Code.S3Key);
      account.s3.put(account.world.now, bucket, Code.S3Key, {
        ...{ body, contentType: 'application/zip', metadata: {}, headers: {} },
      });
      return [id, { ...resource, Properties: { ...resource.Properties, Code } }];
    });
    return { ...rest, Resources: Object.fromEntries(withKeys) };
  }
}
