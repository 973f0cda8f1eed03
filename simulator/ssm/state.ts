import type { ParameterType } from '@aws-sdk/client-ssm';
import { Table } from '../table.ts';

/** A parameter's tier; it may go up from Standard to Advanced and never back. */
export type Tier = 'Standard' | 'Advanced';

/** One version of a parameter. Times are milliseconds. */
export interface ParameterVersion {
  readonly version: number;
  readonly value: string;
  readonly type: ParameterType;
  readonly tier: Tier;
  readonly dataType: string;
  readonly description?: string | undefined;
  readonly keyId?: string | undefined;
  readonly allowedPattern?: string | undefined;
  readonly labels: readonly string[];
  readonly modifiedAt: number;
  readonly modifiedBy: string;
}

/** One parameter with the versions that are kept, oldest first. */
export interface Parameter {
  readonly name: string;
  readonly versions: readonly ParameterVersion[];
  readonly tags: Readonly<Record<string, string>>;
}

/** What Parameter Store knows. */
export class State {
  readonly region: string;
  readonly accountId: string;
  readonly parameters = new Table<Parameter>();

  constructor(options: { region: string; accountId: string }) {
    this.region = options.region;
    this.accountId = options.accountId;
  }

  /** The ARN of a parameter; the slash that begins a path is not doubled. */
  arnOf(name: string): string {
    const path = name.startsWith('/') ? name : `/${name}`;
    return `arn:aws:ssm:${this.region}:${this.accountId}:parameter${path}`;
  }

  /** The name of the parameter that a name, a path or an ARN means. */
  nameOf(nameOrArn: string): string {
    const given = /^arn:[^:]*:ssm:[^:]*:[^:]*:parameter(\/.*)$/.exec(nameOrArn)?.[1];
    if (given === undefined) return nameOrArn;
    // Without a path, the ARN has a slash that the name has not.
    return given.lastIndexOf('/') === 0 ? given.slice(1) : given;
  }
}

/** The newest version of a parameter. */
export const newestOf = ({ versions }: Parameter): ParameterVersion => versions.at(-1) as ParameterVersion;
