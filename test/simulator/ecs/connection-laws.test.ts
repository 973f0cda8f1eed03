import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Scene } from './scene.ts';

const step = fc.oneof(
  fc.record({ kind: fc.constant('pass' as const), seconds: fc.integer({ min: 1, max: 50 }) }),
  fc.record({
    kind: fc.constantFrom(
      'reconnect',
      'connect',
      'disconnect',
      'forget',
      'spot',
      'impair',
      'update',
      'stop',
      'boot',
      'terminate',
    ),
  }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
const steps = fc.array(step, { minLength: 3, maxLength: 25 });

/** One EC2 instance, and what can befall it in the state in which it is. */
class Host {
  readonly one = new Scene();
  state: 'running' | 'stopped' | 'terminated' = 'running';

  constructor(hasTrunk: boolean) {
    if (hasTrunk) this.one.call('PutAccountSetting', { name: 'awsvpcTrunking', value: 'enabled' });
    this.one.instance('i-1', { image: { agentVersion: '1.104.0' } });
    this.one.definition('job', {}, { cpu: 10, memory: 10 });
  }

  take(event: Step): void {
    const { one } = this;
    if (event.kind === 'pass') one.pass(event.seconds);
    else if (event.kind === 'terminate' && this.state !== 'terminated') this.end();
    else if (event.kind === 'boot' && this.state === 'stopped') this.boot();
    else if (this.state === 'running') this.befall(event.kind);
  }

  private end(): void {
    this.state = 'terminated';
    this.one.terminate('i-1');
  }

  private boot(): void {
    this.state = 'running';
    this.one.instance('i-1');
  }

  private befall(kind: string): void {
    const { one } = this;
    if (kind === 'stop') {
      this.state = 'stopped';
      one.stop('i-1');
    }
    if (kind === 'reconnect') one.reconnect('i-1', 3000);
    if (kind === 'connect' || kind === 'disconnect') one.connection('i-1', kind === 'connect');
    if (kind === 'forget') one.forget('i-1');
    if (kind === 'spot') one.noticeSpot('i-1');
    if (kind === 'impair') one.setRuntime('i-1', 'IMPAIRED');
    if (kind !== 'update') return;
    const { containerInstanceArn, versionInfo, agentUpdateStatus, status } = one.record('i-1');
    const isUpdating = ['PENDING', 'STAGING', 'STAGED', 'UPDATING'].includes(agentUpdateStatus ?? '');
    if (status !== 'ACTIVE' || isUpdating || versionInfo.agentVersion !== '1.104.0') return;
    one.call('UpdateContainerAgent', { containerInstance: containerInstanceArn });
  }
}

/** Runs `check` after everything that was said, and at the end. */
function live(hasTrunk: boolean, events: readonly Step[], check: (one: Scene) => void): Host {
  const host = new Host(hasTrunk);
  host.one.onStep = () => check(host.one);
  for (const event of events) {
    host.take(event);
    check(host.one);
  }
  return host;
}

describe('whatever befalls an agent and its host', () => {
  it('each event of a registration has the next version, and shows what is so until the next (D-1.4, D-10.1)', () => {
    fc.assert(
      fc.property(fc.boolean(), steps, (hasTrunk, events) => {
        live(hasTrunk, events, (one) => {
          for (const {
            containerInstanceArn: arn,
            version,
            status,
            agentConnected,
          } of one.ecs.containerInstanceRecords()) {
            const told = one.said.filter(({ resources }) => resources[0] === arn).map(({ detail }) => detail);
            expect(told.map((detail) => detail.version)).toEqual(told.map((_, at) => at + 2));
            expect(told.at(-1)).toMatchObject({ version, status, agentConnected });
          }
        });
      }),
    );
  });

  it('of its registrations one at most is connected (D-2.8)', () => {
    fc.assert(
      fc.property(fc.boolean(), steps, (hasTrunk, events) => {
        live(hasTrunk, events, (one) => {
          const connected = one.ecs.containerInstanceRecords().filter(({ agentConnected }) => agentConnected);
          expect(connected.length).toBeLessThanOrEqual(1);
        });
      }),
    );
  });

  it('no agent is connected on a host that has been down for a minute (D-2.6)', () => {
    fc.assert(
      fc.property(fc.boolean(), steps, (hasTrunk, events) => {
        const { one, state } = live(hasTrunk, events, () => {});
        one.pass(60);
        const connected = one.ecs.containerInstanceRecords().filter(({ agentConnected }) => agentConnected);
        if (state !== 'running') expect(connected).toEqual([]);
      }),
    );
  });

  it('nothing goes on for ever: a while after the host has ended, nothing is under way', () => {
    fc.assert(
      fc.property(fc.boolean(), steps, (hasTrunk, events) => {
        const host = live(hasTrunk, events, () => {});
        host.take({ kind: 'terminate' });
        host.one.pass(3600);
        expect(host.one.ecs.busyAt).toBeUndefined();
      }),
    );
  });
});
