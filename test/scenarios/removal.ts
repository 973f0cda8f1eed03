import type { Scene } from './scene.ts';

/** What CloudFormation is told. */
export interface Answer {
  readonly Status: 'SUCCESS' | 'FAILED';
  readonly Reason?: string;
  readonly PhysicalResourceId: string;
}

const responseUrl =
  'https://cloudformation-custom-resource-response.s3.amazonaws.com/answer?Signature=secret';
const functionName = 'ecs-steward-prod-uninstall';

/** What CloudFormation asks of the stack's custom resource, and what it is told. */
export class Removal {
  readonly answers: Answer[] = [];
  /** How the invocations ended. */
  readonly ended: string[] = [];
  private readonly scene: Scene;

  constructor(scene: Scene) {
    this.scene = scene;
    scene.account.lambda.put = (url, body) => {
      if (url !== responseUrl) return 404;
      this.answers.push(JSON.parse(body));
      return 200;
    };
  }

  /** Invokes the function with a request. */
  begin(changes: Record<string, unknown> = {}): void {
    const { region, accountId } = this.scene.account;
    const request = {
      RequestType: 'Delete',
      ServiceToken: `arn:aws:lambda:${region}:${accountId}:function:${functionName}`,
      ResponseURL: responseUrl,
      StackId: `arn:aws:cloudformation:${region}:${accountId}:stack/ecs-steward-prod/5f0e`,
      RequestId: '9f3c1c4e-0b1d-4f5e-8a1b-3d2f1e0c9b8a',
      ResourceType: 'Custom::EcsStewardUninstall',
      LogicalResourceId: 'Uninstall',
      PhysicalResourceId: 'ecs-steward',
      ResourceProperties: {},
      ...changes,
    };
    this.scene.account.lambda.invoke(functionName, JSON.stringify(request), 'cloudformation', ({ outcome }) =>
      this.ended.push(outcome),
    );
  }

  /** Removes, and gives the answer when it is there. */
  async run(changes?: Record<string, unknown>): Promise<Answer> {
    const ended = this.ended.length;
    this.begin(changes);
    await this.scene.account.until('the function ends', () => this.ended.length > ended, 320);
    const answer = this.answers.at(-1);
    if (!answer) throw new Error(`There is no answer; the function ended with ${this.ended.at(-1)}`);
    return answer;
  }

  /** Calls of the function that change something, as `operation outcome`. */
  get writes(): readonly string[] {
    return this.scene
      .calls()
      .filter((call) => call.functionName === functionName && !call.operation.startsWith('Describe'))
      .map(({ operation, outcome }) => `${operation} ${outcome}`);
  }

  /** Whether the schedule of the sweep is on. */
  get isSweepOn(): boolean {
    const { Rules } = this.scene.account.call('events', 'ListRules', {});
    const rules = Rules as { Name: string; State: string }[];
    const [sweep, ...others] = rules.filter(({ Name }) => Name.includes('SweepRule'));
    if (!sweep || others.length > 0)
      throw new Error(`${others.length + 1} rules are the schedule of the sweep`);
    return sweep.State === 'ENABLED';
  }
}
