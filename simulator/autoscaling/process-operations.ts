import type { ScalingProcessQuery } from '@aws-sdk/client-auto-scaling';
import { Fault } from '../machine.ts';
import type { Capacity } from './capacity.ts';
import { type ProcessName, processNames, secondsOf } from './ground.ts';
import { type Operation, operation } from './operation.ts';
import type { Refreshes } from './refreshes.ts';
import type { Group, State } from './state.ts';
import { oneOf } from './validation.ts';

/** SuspendProcesses and ResumeProcesses; without names, of all processes (D-3.34). */
export function processOperations(room: {
  state: State;
  capacity: Capacity;
  refreshes: Refreshes;
}): Record<string, Operation> {
  const { state, capacity, refreshes } = room;
  return {
    SuspendProcesses: operation(({ now }, input: ScalingProcessQuery) => {
      const { group, names } = chosenIn(state, input);
      const suspended = group.settings.SuspendedProcesses ?? [];
      const isNew = (name: string) => !suspended.some(({ ProcessName }) => ProcessName === name);
      const SuspensionReason = `User suspended at ${secondsOf(now)}`;
      const added = names.filter(isNew).map((ProcessName) => ({ ProcessName, SuspensionReason }));
      const settings = { ...group.settings, SuspendedProcesses: [...suspended, ...added] };
      state.groups.set(now, group.name, { ...group, settings });
      return {};
    }),
    ResumeProcesses: operation(({ now }, input: ScalingProcessQuery) => {
      const { group, names } = chosenIn(state, input);
      const left = (group.settings.SuspendedProcesses ?? []).filter(
        ({ ProcessName }) => !names.includes(ProcessName as ProcessName),
      );
      const settings = { ...group.settings, SuspendedProcesses: left };
      state.groups.set(now, group.name, { ...group, settings });
      capacity.review(now, group.name);
      if (names.includes('InstanceRefresh')) refreshes.resume(now, group.name);
      return {};
    }),
  };
}

function chosenIn(state: State, input: ScalingProcessQuery): { group: Group; names: readonly ProcessName[] } {
  const group = state.group(input.AutoScalingGroupName ?? '');
  if (group.isDeleting) throw new Fault('ResourceInUse', `AutoScalingGroup ${group.name} is pending delete.`);
  const requested = input.ScalingProcesses ?? [];
  const names = requested.map((name, index) =>
    oneOf(`scalingProcesses.${index + 1}.member`, name, processNames),
  );
  return { group, names: names.length === 0 ? processNames : names };
}
