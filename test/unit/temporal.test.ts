import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { status } from '@grpc/grpc-js';
import { loadConfig } from '../../src/config';
import { createTemporalClient } from '../../src/temporal';

let server: Server;
let tries: number;

beforeEach(async () => {
  tries = 0;
  server = createServer((socket) => {
    tries += 1;
    socket.destroy();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => void server.close());

const clientOfServer = () => {
  const { port } = server.address() as AddressInfo;
  return createTemporalClient(
    loadConfig({ MYSQL_URL: 'mysql://user@127.0.0.1:1/db', TEMPORAL_ADDRESS: `127.0.0.1:${port}` }),
  );
};

const closed = { cause: { code: status.CANCELLED, details: 'the connection to Temporal was closed' } };

it('a call that waits for its next try fails when the connection is closed', async () => {
  const { connection, workflow } = clientOfServer();
  const refused = expect(workflow.count('')).rejects.toMatchObject(closed);
  while (tries === 0) await once(server, 'connection');
  // The server is gone, too: what comes next is a try, and not an answer.
  await connection.close();
  await refused;
});

it('a call on a closed connection fails', async () => {
  const { connection, workflow } = clientOfServer();
  await connection.close();
  await expect(workflow.count('')).rejects.toMatchObject(closed);
  expect(tries).toBe(0);
});
