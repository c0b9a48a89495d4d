import { playDemo } from '../../src/local/demo';
import { type Stand, startStand } from '../stand/stand';

let stand: Stand;
beforeAll(async () => {
  stand = await startStand();
  process.env.CREDENTIALS_KEY = Buffer.alloc(32, 7).toString('base64');
  // The demo brings its own connections, for the accounts that the twins have by themselves.
  for (const table of ['connections', 'ie_appinstall_connection']) await stand.stores.db.change(`DELETE FROM ${table}`);
  stand.ajio.setState({ accounts: [{ username: 'demo-seller', password: 'demo-password' }] });
});
afterAll(() => stand.stop());

async function play() {
  const lines: string[] = [];
  const { complete } = await playDemo(
    {
      mysqlUrl: stand.mysqlUrl,
      temporalAddress: stand.temporalAddress,
      temporalUiUrl: 'http://127.0.0.1:8233',
      gatewayUrl: stand.gatewayUrl,
      ajioTwinUrl: stand.ajio.url,
      eshopboxTwinUrl: stand.eshopbox.url,
      print: (line) => void lines.push(line),
    },
    { effectsWithinMs: 240_000 },
  );
  return { complete, lines, text: lines.join('\n') };
}

describe('the demo', () => {
  it('is complete when every effect was seen once, and reports what the twins have seen', async () => {
    const { complete, lines, text } = await play();
    expect(text).toContain('Everything arrived, each effect exactly once.');
    expect(complete).toBe(true);
    expect(lines.filter((line) => /^ajio +stock JEAFMSRHYSUHZGFH\/\S+ = 3 +accepted$/.test(line))).toHaveLength(3);
    expect(text).toMatch(/^ajio +AJIORAYWB15056: S248706067\.1-1 cancelled 1, confirmed 0 +HTTP 200, cancelled 1$/m);
    expect(text).toMatch(/^eshopbox +AJIORAYWB15056: line 36675063, quantity 1 +HTTP 200, cancelled 1$/m);
    expect(text).toContain('/workflows/inventory-sync%2F294');
    expect(text).not.toMatch(/CANARY|canary|sb_/);
    const keys = await stand.stores.keys.list('spykar');
    expect(keys.filter(({ name }) => name === 'demo').every(({ revokedAt }) => revokedAt !== null)).toBe(true);
  });

  it('is not complete, and says why, when the database has played the events before', async () => {
    const { complete, text } = await play();
    expect(complete).toBe(false);
    expect(text).toContain('This database has played the events before');
    expect(text).toContain('Nothing arrived at a channel.');
  });
});
