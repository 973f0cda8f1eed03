import { expect, it } from 'vitest';
import { Scene } from './scene.ts';

it('simulates 100 instances with flapping agents 10,000 times as fast as they live', () => {
  const scene = new Scene();
  for (let number = 0; number < 100; number++)
    scene.instance(`i-${number}`, { availabilityZone: `eu-west-1${'abc'[number % 3]}` });
  for (let number = 0; number < 10; number++) {
    scene.definition(`web-${number}`, {}, { healthCheck: { command: ['true'] } });
    scene.service(`web-${number}`, { taskDefinition: `web-${number}`, desiredCount: 40 }, 1);
  }
  scene.pass(120);
  expect(scene.live()).toHaveLength(400);
  const hours = 6;
  const startedAt = performance.now();
  for (let minute = 0; minute < hours * 60; minute++) {
    // Each agent reconnects five times an hour (D-1.10g).
    const flapping = Array.from({ length: 100 }, (_, number) => number).filter(
      (number) => (number * 7 + minute) % 12 === 0,
    );
    for (const number of flapping) scene.connection(`i-${number}`, false);
    scene.pass(5);
    for (const number of flapping) scene.connection(`i-${number}`, true);
    scene.pass(55);
  }
  const ratio = (hours * 3_600_000) / (performance.now() - startedAt);
  expect(scene.instanceEvents().length).toBeGreaterThan(6000);
  expect(ratio).toBeGreaterThan(10_000);
});
