import { createMetrics, createProcessMetrics } from '../../src/observability/metrics';
import { serveMetrics } from '../../src/observability/metrics-server';

it('counts what happened under labels that name no account', async () => {
  const metrics = createMetrics();
  metrics.onFailure({ activityType: 'pushChunk', type: 'ChannelUnavailable', channel: 'ajio' });
  metrics.onFailure({ activityType: 'planPushes', type: 'StoreUnavailable', channel: undefined });
  metrics.onVerdicts('ajio', { accepted: 3, rejected: 1, unknown: 0 });
  metrics.onVerdicts('ajio', { accepted: 2, rejected: 0, unknown: 5 });
  metrics.onLogin('ajio');
  metrics.onLostPoke();
  metrics.onEventWarning('stamped_ahead');
  metrics.onSweep({ failedCount: 2 });
  metrics.onNamespaceChecked(true);
  metrics.onAnswer({ method: 'POST', route: '/events/inventory', status: 202, durationMs: 30 });
  const body = await metrics.text();
  for (const line of [
    'stockbridge_failures_total{activity="pushChunk",type="ChannelUnavailable",channel="ajio"} 1',
    'stockbridge_failures_total{activity="planPushes",type="StoreUnavailable",channel="none"} 1',
    'stockbridge_stock_lines_total{channel="ajio",verdict="accepted"} 5',
    'stockbridge_stock_lines_total{channel="ajio",verdict="rejected"} 1',
    'stockbridge_stock_lines_total{channel="ajio",verdict="unknown"} 5',
    'stockbridge_pushes_total{channel="ajio"} 2',
    'stockbridge_logins_total{channel="ajio"} 1',
    'stockbridge_lost_pokes_total 1',
    'stockbridge_event_warnings_total{kind="stamped_ahead"} 1',
    'stockbridge_sweep_failed 2',
    'stockbridge_namespace_ready 1',
    'stockbridge_gateway_answer_seconds_bucket{le="0.05",method="POST",route="/events/inventory",status="202"} 1',
    'stockbridge_gateway_answer_seconds_bucket{le="0.025",method="POST",route="/events/inventory",status="202"} 0',
  ])
    expect(body).toContain(`${line}\n`);
});

it('has those of the Node process for a program, which alone may watch it: nothing would end that', async () => {
  expect(await createProcessMetrics().text()).toContain('process_cpu_seconds_total');
  expect(await createMetrics().text()).not.toContain('process_cpu_seconds_total');
});

it('counts parked events when it is read, and can still be read while the database is away', async () => {
  const metrics = createMetrics();
  const answers = [async () => 7, () => Promise.reject(new Error('away'))];
  metrics.watchParked(() => (answers.shift() ?? (async () => 0))());
  expect(await metrics.text()).toContain('stockbridge_parked_events 7\n');
  expect(await metrics.text()).toMatch(/stockbridge_parked_events Nan\n/i);
});

describe('the metrics server', () => {
  it('serves metrics and health, and tells whether it is ready', async () => {
    let whyNot: string | undefined = 'the namespace is missing';
    const server = await serveMetrics({
      host: '127.0.0.1',
      port: 0,
      readMetrics: [async () => 'first 1\n', async () => 'second 2\n'],
      whyNotReady: async () => whyNot,
    });
    const status = async (path: string) => (await fetch(`http://127.0.0.1:${server.port}${path}`)).status;
    try {
      const metrics = await fetch(`http://127.0.0.1:${server.port}/metrics`);
      expect(metrics.headers.get('content-type')).toContain('text/plain');
      expect(await metrics.text()).toBe('first 1\n\nsecond 2\n');
      expect(await status('/healthz')).toBe(200);
      const refused = await fetch(`http://127.0.0.1:${server.port}/readyz`);
      expect([refused.status, await refused.json()]).toEqual([
        503,
        { status: 'not ready', detail: 'the namespace is missing' },
      ]);
      whyNot = undefined;
      expect(await status('/readyz')).toBe(200);
      expect(await status('/else')).toBe(404);
    } finally {
      await server.close();
    }
  });

  it('answers 500 instead of dying when something fails', async () => {
    const whyNotReady = () => Promise.reject(new Error('away'));
    const server = await serveMetrics({ host: '127.0.0.1', port: 0, readMetrics: [], whyNotReady });
    const answer = await fetch(`http://127.0.0.1:${server.port}/readyz`);
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('away');
    await server.close();
  });
});
