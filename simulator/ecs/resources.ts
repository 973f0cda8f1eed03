import type { Resources, TaskRecord } from './records.ts';

/** What tasks leave of the registered resources; of ports, the ones in use (D-9.4). */
export function remaining(registered: Resources, tasks: readonly TaskRecord[]): Resources {
  let { cpu, memoryMib } = registered;
  const ports = [...registered.ports];
  const udpPorts = [...registered.udpPorts];
  for (const { reservation } of tasks) {
    cpu -= reservation.cpu;
    memoryMib -= reservation.memoryMib;
    ports.push(...reservation.ports);
    udpPorts.push(...reservation.udpPorts);
  }
  return { cpu, memoryMib, ports, udpPorts };
}
