import type { LabelParameterVersionRequest } from '@aws-sdk/client-ssm';
import { Fault } from '../machine.ts';
import { parameterOf } from './get.ts';
import type { Operations } from './operation.ts';
import { newestOf } from './state.ts';
import { checkLength } from './validation.ts';

/** Labels of one version. */
const labelsMax = 10;

/** LabelParameterVersion: a label stands at one version; given to another, it moves there. */
export const labelOperations: Operations = {
  LabelParameterVersion: (context, input: LabelParameterVersionRequest) => {
    const { state, now } = context;
    const labels = [...new Set(input.Labels ?? [])];
    checkLength('labels', labels, 1, labelsMax);
    for (const label of labels) checkLength('labels.member', label, 1, 100);
    const parameter = parameterOf({ ...context, viewAt: now }, state.nameOf(input.Name ?? ''));
    const wanted = input.ParameterVersion ?? newestOf(parameter).version;
    if (!parameter.versions.some(({ version }) => version === wanted))
      throw new Fault(
        'ParameterVersionNotFound',
        `Systems Manager could not find version ${wanted} of ${parameter.name}. Verify the version and try again.`,
      );
    const valid = labels.filter(isLabel);
    const versions = parameter.versions.map((version) => {
      const others = version.labels.filter((label) => !valid.includes(label));
      return { ...version, labels: version.version === wanted ? [...others, ...valid] : others };
    });
    if (versions.some((version) => version.labels.length > labelsMax))
      throw new Fault(
        'ParameterVersionLabelLimitExceeded',
        `A version of a parameter can have at most ${labelsMax} labels.`,
      );
    state.parameters.set(now, parameter.name, { ...parameter, versions });
    return { InvalidLabels: labels.filter((label) => !isLabel(label)), ParameterVersion: wanted };
  },
};

/** Letters, digits and `.-_`, not beginning with a digit, nor with aws or ssm. */
const isLabel = (label: string) => /^[A-Za-z_.-][A-Za-z0-9_.-]*$/.test(label) && !/^(aws|ssm)/i.test(label);
