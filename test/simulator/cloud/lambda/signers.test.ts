import { describe, expect, it } from 'vitest';
import { Signers } from '../../../../simulator/cloud/lambda/signers.ts';

const signer = { principalArn: 'role', client: 'release/1', functionName: 'release' };

describe('the access keys of execution environments', () => {
  it('are good as long as their environments live', () => {
    const signers = new Signers();
    const sandbox = { isAlive: true };
    signers.add('ASIA1', sandbox, signer);
    expect(signers.find('ASIA1')).toEqual(signer);
    sandbox.isAlive = false;
    expect(signers.find('ASIA1')).toBeUndefined();
  });

  it('keep no environment that has ended, however few there were', () => {
    const signers = new Signers();
    for (let number = 1; number <= 12; number++) {
      const sandbox = { isAlive: true };
      signers.add(`ASIA${number}`, sandbox, signer);
      expect(signers.size).toBe(1);
      sandbox.isAlive = false;
    }
  });
});
