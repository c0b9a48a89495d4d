import { connect } from 'node:net';

/** An answer as far as load programs read it. */
export interface RawAnswer {
  status: number;
  hasRetryAfter: boolean;
  body: string;
}

/** One connection that carries one request at a time: as little work as possible for the sender, who shares the machine with what it measures. */
export interface RawConnection {
  isFree(): boolean;
  /** Rejects when the connection ends first. */
  ask(request: string): Promise<RawAnswer>;
  close(): void;
}

export function rawConnection(url: string): RawConnection {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).setEncoding('utf8').setNoDelay();
  let waiting: { resolve(answer: RawAnswer): void; reject(error: Error): void } | undefined;
  let received = '';
  let isOpen = true;

  socket.on('data', (text) => {
    received += text;
    const headEnd = received.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const head = received.slice(0, headEnd).toLowerCase();
    const length = Number(/\r\ncontent-length: (\d+)/.exec(head)?.[1] ?? 0);
    // Answers are ASCII.
    if (received.length < headEnd + 4 + length) return;
    const answer = {
      status: Number(head.slice(9, 12)),
      hasRetryAfter: head.includes('\r\nretry-after: '),
      body: received.slice(headEnd + 4, headEnd + 4 + length),
    };
    received = '';
    const { resolve } = waiting ?? {};
    waiting = undefined;
    resolve?.(answer);
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    isOpen = false;
    waiting?.reject(new Error('the connection ended'));
    waiting = undefined;
  });
  return {
    isFree: () => isOpen && waiting === undefined,
    ask: (request) =>
      new Promise((resolve, reject) => {
        if (!isOpen) return reject(new Error('the connection has ended'));
        waiting = { resolve, reject };
        socket.write(request);
      }),
    close: () => socket.destroy(),
  };
}
