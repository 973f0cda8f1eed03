/** What a task takes of an instance, at least. `ports`: host ports that it asks for by number. */
export interface Needs {
  readonly cpu: number;
  readonly memoryMib: number;
  readonly gpus: number;
  readonly ports: readonly number[];
}

/** What an ACTIVE container instance has left. `usedPorts`: the host ports that are taken (D-9.4). */
export interface Room {
  readonly containerInstanceArn: string;
  readonly agentConnected: boolean;
  readonly cpu: number;
  readonly memoryMib: number;
  readonly gpus: number;
  readonly usedPorts: readonly number[];
}

/** Of what there is too little on every instance; `all together`: of nothing alone, but of everything on one instance. */
export interface Shortage {
  readonly resource: 'CPU' | 'MEMORY' | 'GPU' | 'PORTS' | 'all together';
  readonly needed: number;
  readonly largestFree: number;
}

/**
 * What a task lacks to be placed on one of these instances; undefined: by these numbers it fits on one. Where no agent is
 * connected, nothing fits anywhere. Constraints, network interfaces and custom resources are not looked at.
 */
export function lackOf(needs: Needs, rooms: readonly Room[]): Shortage | undefined {
  const usable = rooms.filter(({ agentConnected }) => agentConnected);
  const isFree = (port: number) => usable.some(({ usedPorts }) => !usedPorts.includes(port));
  const takenPort = needs.ports.find((port) => !isFree(port));
  if (usable.some((room) => fits(needs, room))) return undefined;
  const largest = (of: (room: Room) => number) => Math.max(0, ...usable.map(of));
  const shortages: readonly Shortage[] = [
    { resource: 'CPU', needed: needs.cpu, largestFree: largest(({ cpu }) => cpu) },
    { resource: 'MEMORY', needed: needs.memoryMib, largestFree: largest(({ memoryMib }) => memoryMib) },
    { resource: 'GPU', needed: needs.gpus, largestFree: largest(({ gpus }) => gpus) },
  ];
  const short = shortages.find(({ needed, largestFree }) => needed > largestFree);
  if (short) return short;
  if (takenPort !== undefined) return { resource: 'PORTS', needed: takenPort, largestFree: 0 };
  return { resource: 'all together', needed: 0, largestFree: 0 };
}

/** Whether so much is left on the instance. */
export function fits({ cpu, memoryMib, gpus, ports }: Needs, room: Room): boolean {
  const isPortTaken = ports.some((port) => room.usedPorts.includes(port));
  return cpu <= room.cpu && memoryMib <= room.memoryMib && gpus <= room.gpus && !isPortTaken;
}
