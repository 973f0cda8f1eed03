import { createHash } from 'node:crypto';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** One stream of seeded chance. Streams with other labels do not disturb it. */
export interface Chance {
  /** A whole number, both ends included. */
  between(low: number, high: number): number;
  /** True with the given probability, 0 to 1. */
  happens(probability: number): boolean;
}

const digest = (text: string) => createHash('sha256').update(text).digest();

/** The stream of chance named `label` under `seed`: the same pair gives the same numbers, always. */
export function chance(seed: number, label: string): Chance {
  const random = xoroshiro128plus(digest(`${seed}:${label}`).readInt32BE(0));
  const between = (low: number, high: number) => uniformInt(random, low, high);
  return { between, happens: (probability) => between(0, 999_999) < probability * 1_000_000 };
}

/** Identifiers that look like AWS's and depend on nothing but the seed, the label and how many were asked for. */
export class Ids {
  private readonly prefix: string;
  private given = 0;

  constructor(seed: number, label: string) {
    this.prefix = `${seed}:${label}`;
  }

  /** `length` hexadecimal digits, at most 64. */
  hex(length: number): string {
    return digest(`${this.prefix}:${this.given++}`)
      .toString('hex')
      .slice(0, length);
  }

  /** 36 characters in the form of a UUID. */
  uuid(): string {
    return this.hex(32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }
}
