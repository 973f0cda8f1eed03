import type { Ssm } from '../../ssm/ssm.ts';
import type { StackResource } from '../template/template.ts';
import { alreadyExists, type Provision, propertiesOf, type Site, unlessGone } from './provision.ts';

/** What CloudFormation and PutParameter call alike. */
const alike = ['AllowedPattern', 'DataType', 'Description', 'Name', 'Tier', 'Type', 'Value'];

/** AWS::SSM::Parameter */
export const parameter: Provision = {
  create(resource, site) {
    try {
      put(resource, site, false);
    } catch (error) {
      throw codeOf(error) === 'ParameterAlreadyExists' ? alreadyExists(resource) : error;
    }
  },
  update(resource, _before, site) {
    put(resource, site, true);
  },
  delete({ physicalId }, site) {
    unlessGone(() => call(site, 'DeleteParameter', { Name: physicalId }), 'ParameterNotFound');
  },
};

const codeOf = (error: unknown) => (error as { code?: unknown }).code;

/** Tags are set when a parameter is made: PutParameter takes none over one that is there. */
function put(resource: StackResource, site: Site, Overwrite: boolean): void {
  const properties = propertiesOf<Record<string, unknown>>(resource);
  const given = Object.fromEntries(
    alike.map((name) => [name, properties[name]]).filter(([, value]) => value !== undefined),
  );
  const tags = Object.entries((properties.Tags ?? {}) as Record<string, string>);
  const Tags = tags.map(([Key, Value]) => ({ Key, Value }));
  const own = Overwrite || Tags.length === 0 ? { Overwrite } : { Tags };
  call(site, 'PutParameter', { ...given, Name: resource.physicalId, ...own });
}

function call(
  { world, ssm, caller }: Site,
  operation: string,
  input: Record<string, unknown>,
): ReturnType<Ssm['apply']> {
  return ssm.apply(world.now, { operation, input, caller, viewAt: world.now });
}
