import { type Call, Fault, type Need, type Outcome, type Service } from '../../machine.ts';

/** ECR without a repository: whoever cleans up asks for one by name. */
export class Ecr implements Service {
  /** Nothing happens by itself. */
  readonly nextAt = undefined;
  readonly operationNames = ['DescribeRepositories'];
  private readonly region: string;
  private readonly accountId: string;

  constructor(options: { region: string; accountId: string }) {
    this.region = options.region;
    this.accountId = options.accountId;
  }

  advance(): Outcome[] {
    return [];
  }

  apply(_now: number, { operation, input }: Call): { reply: Record<string, unknown>; outcomes: Outcome[] } {
    if (operation !== 'DescribeRepositories')
      throw new Fault('UnknownOperationException', `The simulator does not know ecr:${operation}.`);
    const [name] = namesIn(input);
    if (name === undefined) return { reply: { repositories: [] }, outcomes: [] };
    throw new Fault(
      'RepositoryNotFoundException',
      `The repository with name '${name}' does not exist in the registry with id '${this.accountId}'`,
    );
  }

  tableRead(): undefined {
    return undefined;
  }

  needs({ operation, input }: Call): Need[] {
    const names = namesIn(input).length > 0 ? namesIn(input) : ['*'];
    return names.map((name) => ({
      action: `ecr:${operation}`,
      resource: `arn:aws:ecr:${this.region}:${this.accountId}:repository/${name}`,
      context: {},
    }));
  }
}

const namesIn = (input: Readonly<Record<string, unknown>>) =>
  (input as { repositoryNames?: readonly string[] }).repositoryNames ?? [];
