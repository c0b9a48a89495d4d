import { readdirSync } from 'node:fs';
import { HISTORIES } from '../replay/folder';
import { recordHistories, SCENARIO_NAMES } from '../replay/record';
import { startScene } from '../stand/scene';

/** `RECORD_HISTORIES=1` plays the scenarios anew and overwrites their histories; any other value does so with those whose name begins like it. */
const wanted = process.env.RECORD_HISTORIES;

test('every scenario has a recorded history, and every history a scenario', async () => {
  if (wanted !== undefined) {
    const scene = await startScene();
    try {
      await recordHistories(scene, wanted === '1' ? '' : wanted);
    } finally {
      await scene.stop();
    }
  }
  const scenarios = SCENARIO_NAMES.map((name) => `${name}.json`);
  // Of runs that planned their pushes, which nobody can play any more.
  const files = readdirSync(HISTORIES).filter((file) => !file.startsWith('planned-'));
  expect(files.sort()).toEqual(scenarios.sort());
}, 900_000);
