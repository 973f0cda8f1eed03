import { Table } from '../table.ts';

/** The settings of an account: what they are when nobody says otherwise, and what they may be. */
export const settingRules = {
  serviceLongArnFormat: { usual: 'enabled', values: ['enabled', 'disabled', 'on', 'off'] },
  taskLongArnFormat: { usual: 'enabled', values: ['enabled', 'disabled', 'on', 'off'] },
  containerInstanceLongArnFormat: { usual: 'enabled', values: ['enabled', 'disabled', 'on', 'off'] },
  awsvpcTrunking: { usual: 'disabled', values: ['enabled', 'disabled', 'on', 'off'] },
  containerInsights: { usual: 'disabled', values: ['enabled', 'disabled', 'enhanced', 'on', 'off'] },
  fargateFIPSMode: { usual: 'disabled', values: ['enabled', 'disabled', 'on', 'off'] },
  tagResourceAuthorization: { usual: 'on', values: ['on', 'off', 'enabled', 'disabled'] },
  fargateTaskRetirementWaitPeriod: { usual: '7', values: ['0', '7', '14'] },
  guardDutyActivate: { usual: 'off', values: [] },
  defaultLogDriverMode: { usual: 'non-blocking', values: ['blocking', 'non-blocking'] },
  fargateEventWindows: { usual: 'disabled', values: ['enabled', 'disabled', 'on', 'off'] },
} as const satisfies Readonly<Record<string, { usual: string; values: readonly string[] }>>;

/** D-9.54. */
export type SettingName = keyof typeof settingRules;

export const settingNames = Object.keys(settingRules) as readonly SettingName[];

/** A setting with the principal for which it was made. */
export interface Setting {
  readonly name: SettingName;
  readonly value: string;
  readonly principalArn: string;
}

/**
 * The account settings: a principal's own one holds, else the one of the root user, which is the account's default,
 * else what AWS begins with (D-9.55).
 */
export class Settings {
  readonly rootArn: string;
  private readonly rows = new Table<Setting>();

  constructor(accountId: string) {
    this.rootArn = `arn:aws:iam::${accountId}:root`;
  }

  /** The setting made for exactly this principal, as it is or was. */
  own(principalArn: string, name: SettingName, at?: number): Setting | undefined {
    return this.rows.get(keyOf(principalArn, name), at);
  }

  /** The setting that holds for a principal; its `principalArn` says where it comes from. */
  effective(principalArn: string, name: SettingName, at?: number): Setting {
    const usual = { name, value: settingRules[name].usual, principalArn: this.rootArn };
    return this.own(principalArn, name, at) ?? this.own(this.rootArn, name, at) ?? usual;
  }

  /** Whether a principal has opted in, in either of the two spellings. */
  isOn(principalArn: string, name: SettingName): boolean {
    return ['enabled', 'on'].includes(this.effective(roleOf(principalArn), name).value);
  }

  put(now: number, setting: Setting): void {
    this.rows.set(now, keyOf(setting.principalArn, setting.name), setting);
  }

  delete(now: number, principalArn: string, name: SettingName): void {
    this.rows.delete(now, keyOf(principalArn, name));
  }
}

/** Whoever has assumed a role has the settings of that role. */
export function roleOf(principalArn: string): string {
  const [, account, role] = /^arn:aws:sts::(\d{12}):assumed-role\/([^/]+)\//.exec(principalArn) ?? [];
  return role === undefined ? principalArn : `arn:aws:iam::${account}:role/${role}`;
}

const keyOf = (principalArn: string, name: string) => `${principalArn} ${name}`;
