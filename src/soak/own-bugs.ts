import { type Bug, CALM, MANY_ORDERS } from './bug';

/** In what we keep: intake, versions, tokens, upkeep, logs. */
export const OWN_BUGS: readonly Bug[] = [
  {
    name: 'drop-acknowledged',
    does: 'answers 202 to one event in a hundred and stores nothing',
    breaks: 'I1',
    edits: [
      {
        file: 'starter/stock-intake.js',
        find: 'const result = await deps.store({',
        replace: `if (/[37]3$/.test(event.message_id))
            return { submissionId: '0'.repeat(26), status: 'accepted', changedStock: false, warnings: [] };
        const result = await deps.store({`,
      },
    ],
    scenario: CALM,
  },
  {
    name: 'skip-version-check',
    does: 'lets whatever arrives last win, however old it is',
    breaks: 'I2',
    edits: [
      {
        file: 'store/stock-levels.js',
        find: "'(VALUES(versionAtMs) > versionAtMs OR (VALUES(versionAtMs) = versionAtMs AND VALUES(versionId) >= versionId))'",
        replace: "'(1 = 1)'",
      },
    ],
    scenario: CALM,
  },
  {
    name: 'no-lock-on-refresh',
    does: 'renews a token without holding the row',
    breaks: 'I5',
    edits: [
      { file: 'store/connection-tokens.js', find: "(tx, id, 'FOR UPDATE')", replace: '(tx, id)' },
      { file: 'activities/tokens.js', find: 'inFlight.set(key, attempt);', replace: '' },
    ],
    scenario: {
      ...CALM,
      events: 600,
      perSecond: 80,
      faults: { ajio: [{ kind: 'delay', ms: 500, on: { path: '/authToken' } }] },
      tokensDieEveryMs: 1_500,
    },
  },
  {
    name: 'forget-the-sweep',
    does: 'never looks for work that was stored while Temporal was away',
    breaks: 'I1',
    edits: [
      {
        file: 'activities/upkeep.js',
        find: 'async pokeStaleWork() {',
        replace:
          'async pokeStaleWork() {\n            return { pokedConnections: 0, startedOrders: 0, startedImports: 0, failed: [] };',
      },
    ],
    scenario: {
      ...CALM,
      mix: MANY_ORDERS,
      blows: [{ at: 0.4, kind: 'kill', target: 'temporal', ms: 8_000 }],
      // Longer than a sweep takes to find everything: 15 s of age and 20 s between two turns.
      quietWithinMs: 150_000,
    },
  },
  {
    name: 'log-a-token',
    does: 'writes an access token into the log',
    breaks: 'I7',
    edits: [
      {
        file: 'activities/opener.js',
        find: 'const { channel } = connection;',
        replace:
          'const { channel } = connection;\n        console.log(JSON.stringify({ msg: connection.accessToken }));',
      },
    ],
    scenario: { ...CALM, events: 150 },
  },
];
