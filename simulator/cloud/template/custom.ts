import { type ResourceType, resourceTypes } from './resources.ts';

/**
 * A resource that a function of the account creates, updates and deletes. Whatever else it is given goes to the function.
 *
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-customresource.html
 */
const customResource: ResourceType = {
  properties: { 'ServiceToken!': 'string', ServiceTimeout: 'integer', '*': 'json' },
  ref: '{generated}',
  attributes: {},
  isLater: true,
};

/** Whether a type is one of custom resources: AWS's own name for them, or `Custom::` and a name of one's own. */
export const isCustom = (type: string) =>
  type === 'AWS::CloudFormation::CustomResource' || /^Custom::[\w@-]{1,60}$/.test(type);

/** What the simulator knows of a type; undefined: nothing. */
export function resourceTypeOf(type: string): ResourceType | undefined {
  if (isCustom(type)) return customResource;
  return Object.hasOwn(resourceTypes, type) ? resourceTypes[type] : undefined;
}
