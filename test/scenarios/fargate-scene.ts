import { functionsFromSource, packagedTemplate } from '../../demo/install.ts';
import { Account } from '../../simulator/account.ts';

export const clusterName = 'shop';
const spot = 'FARGATE_SPOT';

export interface Item {
  readonly capacityProvider: string;
  readonly weight?: number;
  readonly base?: number;
}

/** A cluster on Fargate. */
export interface FargateWish {
  readonly seed?: number;
  readonly desiredCount?: number;
  readonly strategy?: readonly Item[];
  readonly defaultStrategy?: readonly Item[];
  /** Of the cluster, and of the service. */
  readonly clusterTags?: Readonly<Record<string, string>>;
  readonly serviceTags?: Readonly<Record<string, string>>;
}

const tagsOf = (tags: Readonly<Record<string, string>>) =>
  Object.entries(tags).map(([key, value]) => ({ key, value }));

/** What lets a service be redeployed. */
export const redeploy = { 'ecs-steward:rebalance': 'redeploy' };

/** A cluster on Fargate with a service in a steady state, and the packaged stack. */
export class FargateScene {
  readonly account: Account;
  /** Task-minutes that the service had fewer than it wants. */
  taskMinutesShort = 0;

  private constructor(account: Account) {
    this.account = account;
  }

  static async open(wish: FargateWish = {}): Promise<FargateScene> {
    const { seed = 1, clusterTags = redeploy, defaultStrategy = [] } = wish;
    const source = await functionsFromSource();
    const account = new Account({ seed, codeOf: (_zip: Uint8Array, handler: string) => source(handler) });
    account.install(packagedTemplate(), source);
    account.call('ecs', 'CreateCluster', {
      clusterName,
      tags: tagsOf(clusterTags),
      capacityProviders: ['FARGATE', spot],
      defaultCapacityProviderStrategy: defaultStrategy,
    });
    account.call('ecs', 'RegisterTaskDefinition', {
      family: 'web',
      networkMode: 'awsvpc',
      requiresCompatibilities: ['FARGATE'],
      cpu: '256',
      memory: '512',
      containerDefinitions: [{ name: 'app', image: 'registry.example/web:1' }],
    });
    const scene = new FargateScene(account);
    scene.create('web', wish);
    await account.until(
      'a steady service',
      () => scene.service().runningCount === (wish.desiredCount ?? 4),
      900,
    );
    await account.advance(120);
    return scene;
  }

  /** Creates a service. */
  create(serviceName: string, wish: FargateWish = {}): void {
    const {
      desiredCount = 4,
      strategy = [{ capacityProvider: spot, weight: 1 }],
      serviceTags = redeploy,
    } = wish;
    this.account.call('ecs', 'CreateService', {
      cluster: clusterName,
      serviceName,
      taskDefinition: 'web',
      desiredCount,
      networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'] } },
      ...(strategy.length > 0 ? { capacityProviderStrategy: strategy } : {}),
      ...(Object.keys(serviceTags).length > 0 ? { tags: tagsOf(serviceTags) } : {}),
    });
  }

  service(serviceName = 'web') {
    const { services } = this.account.call('ecs', 'DescribeServices', {
      cluster: clusterName,
      services: [serviceName],
    });
    const [found] = services as {
      runningCount: number;
      desiredCount: number;
      deployments: { id: string; rolloutState: string }[];
      capacityProviderStrategy: Item[];
    }[];
    if (!found) throw new Error(`There is no service ${serviceName}`);
    return found;
  }

  /** The strategy of a service, as `PROVIDER weight base`. */
  strategy(serviceName = 'web'): string[] {
    return this.service(serviceName).capacityProviderStrategy.map(textOf);
  }

  cluster() {
    const { clusters } = this.account.call('ecs', 'DescribeClusters', {
      clusters: [clusterName],
      include: ['TAGS'],
    });
    const [found] = clusters as {
      capacityProviders: string[];
      defaultCapacityProviderStrategy: Item[];
      tags?: { key: string; value: string }[];
    }[];
    if (!found) throw new Error('There is no cluster');
    return found;
  }

  get defaultStrategy(): string[] {
    return this.cluster().defaultCapacityProviderStrategy.map(textOf);
  }

  get isMarked(): boolean {
    return (this.cluster().tags ?? []).some(({ key }) => key === 'ecs-steward:shifted');
  }

  /** Fargate Spot takes all its tasks back and has no room for others; or has some again. */
  spot(available: boolean): void {
    this.fargate(spot, available);
  }

  fargate(provider: 'FARGATE' | 'FARGATE_SPOT', available: boolean): void {
    const { account } = this;
    account.hear(account.ecs.setFargate(account.world.now, provider, available));
    if (available || provider === 'FARGATE') return;
    for (const { taskArn, capacityProviderName, lastStatus } of account.ecs.taskRecords())
      if (capacityProviderName === spot && lastStatus === 'RUNNING')
        account.hear(account.ecs.taskInterrupted(account.world.now, taskArn));
  }

  /** Lets minutes pass, and counts what the service lacks in each. */
  async minutes(count: number): Promise<void> {
    for (let minute = 0; minute < count; minute++) {
      await this.account.advance(60);
      const { desiredCount, runningCount } = this.service();
      this.taskMinutesShort += Math.max(0, desiredCount - runningCount);
    }
  }

  /** Gives the service a strategy, as an operator or a template does. */
  update(capacityProviderStrategy: readonly Item[], serviceName = 'web'): void {
    const change = { capacityProviderStrategy, forceNewDeployment: true };
    this.account.call('ecs', 'UpdateService', { cluster: clusterName, service: serviceName, ...change });
  }

  ledger(): Record<string, unknown> | undefined {
    try {
      const { Parameter } = this.account.call('ssm', 'GetParameter', { Name: `/ecs-steward/${clusterName}` });
      return JSON.parse(String((Parameter as { Value: string }).Value)) as Record<string, unknown>;
    } catch {
      return undefined;
    }
  }

  get calls() {
    return this.account.endpoint.calls.filter(({ functionName }) => functionName?.endsWith('-rebalance'));
  }

  /** Calls of rebalance that change something of the user's: each one is a shift. */
  get shifts() {
    const names = ['UpdateAutoScalingGroup', 'UpdateService', 'PutClusterCapacityProviders'];
    return this.calls.filter(({ operation }) => names.includes(operation));
  }

  /** Calls that AWS refused. */
  get refused(): readonly string[] {
    return this.calls
      .filter(({ outcome, operation }) => outcome !== 'ok' && operation !== 'GetParameter')
      .map(({ operation, outcome }) => `${operation} ${outcome}`);
  }

  get logged(): readonly Record<string, unknown>[] {
    return this.account.world.log
      .filter(({ kind }) => kind === 'log')
      .map(({ line }) => JSON.parse(String(line)) as Record<string, unknown>)
      .filter((line) => String(line.function_name).endsWith('-rebalance'));
  }

  get heldBack(): readonly unknown[] {
    return [...new Set(this.logged.filter(({ message }) => message === 'held back').map(({ why }) => why))];
  }
}

const textOf = ({ capacityProvider, weight = 0, base = 0 }: Item) => `${capacityProvider} ${weight} ${base}`;
