const { default: Sequencer } = require('@jest/test-sequencer');

/** Folders whose tests wait for real servers; the others only compute. */
const WAITING = /\/test\/(integration|workflows)\//;

/**
 * Begins with what waits long and ends with what is short, so that no long file is left alone at the end. Without a cache of earlier
 * runs jest goes by the size of the files, which says little.
 */
module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    const waits = ({ path }) => WAITING.test(path);
    return [...sorted.filter(waits), ...sorted.filter((test) => !waits(test))];
  }
};
