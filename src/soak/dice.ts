import { seededRandom } from '../twins/faults';

/** Chance from a seed: the same seed throws the same numbers. */
export interface Dice {
  /** A whole number from `min` to `max`, both included. */
  int(min: number, max: number): number;
  chance(probability: number): boolean;
  pick<T>(all: readonly [T, ...T[]]): T;
  /** `count` different whole numbers below `below`. */
  several(count: number, below: number): number[];
}

/** Dice of their own for each purpose, so that more throws for one change nothing for the others. */
export function createDice(seed: number, purpose: string): Dice {
  const own = [...purpose].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0, seed >>> 0);
  const random = seededRandom(own);
  const int = (min: number, max: number): number => min + Math.floor(random() * (max - min + 1));
  return {
    int,
    chance: (probability) => random() < probability,
    pick: (all) => all[int(0, all.length - 1)] ?? all[0],
    several(count, below) {
      const chosen = new Set<number>();
      while (chosen.size < Math.min(count, below)) chosen.add(int(0, below - 1));
      return [...chosen];
    },
  };
}
