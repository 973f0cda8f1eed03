import { Fault } from '../../machine.ts';
import { type Input, invalid, oneOf, requiredText, text } from '../input.ts';
import { pageOf } from '../paging.ts';
import { roleOf, type Setting, type SettingName, settingNames, settingRules } from '../settings.ts';
import type { Operations, Request } from './operation.ts';

/** The account settings (D-9.54 to D-9.58, D-9.67). */
export const settingOperations: Operations = {
  PutAccountSetting: {
    answer(request) {
      const name = nameOf(request.input);
      return put(request, name, principalOf(request));
    },
  },
  PutAccountSettingDefault: {
    answer: (request) => put(request, nameOf(request.input), request.state.settings.rootArn),
  },
  DeleteAccountSetting: {
    answer(request) {
      const { now, state } = request;
      const name = nameOf(request.input);
      const principalArn = principalOf(request);
      mustBeOurs(name);
      state.settings.delete(now, principalArn, name);
      const { value } = state.settings.effective(principalArn, name);
      return { setting: shape({ name, value, principalArn }) };
    },
  },
  ListAccountSettings: {
    reads: 'account-settings',
    answer(request) {
      const { input, state, viewAt } = request;
      const name = oneOf(input, 'name', settingNames);
      const value = text(input, 'value');
      if (value !== undefined && name === undefined)
        throw invalid('value: expected a name beside it, which says whose value it is.');
      const principalArn = principalOf(request);
      const held = (each: SettingName) =>
        input.effectiveSettings === true
          ? state.settings.effective(principalArn, each, viewAt)
          : state.settings.own(principalArn, each, viewAt);
      const listed = [...(name ? [name] : settingNames)]
        .sort()
        .flatMap((each) => held(each) ?? [])
        .filter((setting) => value === undefined || setting.value === value);
      const byName = new Map(listed.map((setting) => [setting.name as string, setting]));
      const namesAfter = (after: string) => [...byName.keys()].filter((each) => each > after);
      const { entries, ...token } = pageOf(request, namesAfter, { usualSize: 10, sizeMax: 10 });
      return { settings: entries.flatMap((each) => byName.get(each) ?? []).map(shape), ...token };
    },
  },
};

const shape = (setting: Setting) => ({
  ...setting,
  type: setting.name === 'guardDutyActivate' ? 'aws_managed' : 'user',
});

function nameOf(input: Input): SettingName {
  requiredText(input, 'name');
  const name = oneOf(input, 'name', settingNames);
  if (name) return name;
  throw invalid('name cannot be blank.');
}

/** The one setting that AWS keeps to itself. */
function mustBeOurs(name: SettingName): void {
  if (name === 'guardDutyActivate') throw invalid('guardDutyActivate is managed by AWS and read only.');
}

function put(request: Request, name: SettingName, principalArn: string): Record<string, unknown> {
  const { now, input, state } = request;
  mustBeOurs(name);
  requiredText(input, 'value');
  const value = oneOf<string>(input, 'value', settingRules[name].values) ?? '';
  const isRoot = principalArn === state.settings.rootArn;
  if (name === 'fargateTaskRetirementWaitPeriod' && !isRoot)
    throw invalid(`${name}: expected the root user as principal, got ${principalArn}.`);
  const setting = { name, value, principalArn };
  state.settings.put(now, setting);
  return { setting: shape(setting) };
}

const principalPattern =
  /^arn:aws:(iam::\d{12}:(root|user\/.+|role\/.+)|sts::\d{12}:assumed-role\/[^/]+\/.+)$/;

/** Whose settings a call is about: the caller's, or any one's where the root user calls (D-9.55). */
function principalOf({ input, state, caller }: Request): string {
  const own = roleOf(caller.principalArn);
  const given = text(input, 'principalArn');
  const principalArn = given === undefined ? own : roleOf(given);
  if (!principalPattern.test(principalArn) || !principalArn.includes(`::${state.arns.accountId}:`))
    throw invalid(
      `principalArn: expected a user, a role or the root user of this account, got ${principalArn}.`,
    );
  if (principalArn === own || own === state.settings.rootArn) return principalArn;
  throw new Fault(
    'ClientException',
    `principalArn: expected the caller ${own}, as only the root user has others, got ${principalArn}.`,
  );
}
