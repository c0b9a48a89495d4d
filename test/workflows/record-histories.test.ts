import { readdirSync } from 'node:fs';
import { HISTORIES, recordHistories, SCENARIOS } from '../replay/record';
import { startScene } from '../stand/scene';

/** `RECORD_HISTORIES=1` plays the scenarios anew and overwrites their histories. */
const isRecording = process.env.RECORD_HISTORIES === '1';

test('every scenario has a recorded history, and every history a scenario', async () => {
  if (isRecording) {
    const scene = await startScene();
    try {
      await recordHistories(scene);
    } finally {
      await scene.stop();
    }
  }
  const scenarios = Object.keys(SCENARIOS).map((name) => `${name}.json`);
  expect(readdirSync(HISTORIES).sort()).toEqual(scenarios.sort());
}, 120_000);
