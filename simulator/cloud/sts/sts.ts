import { type Call, type Caller, Fault, type Outcome, type Service } from '../../machine.ts';

/** STS: says who calls. */
export class Sts implements Service {
  /** Nothing happens by itself. */
  readonly nextAt = undefined;
  readonly operationNames = ['GetCallerIdentity'];
  private readonly accountId: string;

  constructor(options: { accountId: string }) {
    this.accountId = options.accountId;
  }

  advance(): Outcome[] {
    return [];
  }

  apply(_now: number, { operation, caller }: Call): { reply: Record<string, unknown>; outcomes: Outcome[] } {
    if (operation !== 'GetCallerIdentity')
      throw new Fault('InvalidAction', `The simulator does not know sts:${operation}.`);
    return { reply: this.identityOf(caller), outcomes: [] };
  }

  tableRead(): undefined {
    return undefined;
  }

  /** Nobody needs a permission: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
  needs(): undefined {
    return undefined;
  }

  private identityOf({ principalArn, client }: Caller): Record<string, unknown> {
    const { accountId } = this;
    const role = /:role\/(?:.*\/)?([^/]+)$/.exec(principalArn)?.[1];
    if (role === undefined) return { UserId: accountId, Account: accountId, Arn: principalArn };
    const session = client.replace(/\/.*$/, '');
    return {
      UserId: `AROA${role
        .toUpperCase()
        .replace(/[^A-Z0-9]/g, '')
        .slice(0, 16)}:${session}`,
      Account: accountId,
      Arn: `arn:aws:sts::${accountId}:assumed-role/${role}/${session}`,
    };
  }
}
