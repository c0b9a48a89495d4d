import { pipeline, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

/** What takes a body of this content encoding apart; undefined for one that is not read. */
export function unpackerFor(encoding: string): Transform | undefined {
  switch (encoding) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      return createInflate();
    case 'br':
      return createBrotliDecompress();
    default:
      return undefined;
  }
}

/** The bytes as they are taken apart, piece by piece. Throws what their source throws, or `unreadable()` for what cannot be taken apart. */
export async function* unpacked(
  packed: AsyncIterable<Uint8Array>,
  unpacker: Transform,
  unreadable: () => Error,
): AsyncGenerator<Uint8Array> {
  let fault: unknown;
  async function* watched(): AsyncGenerator<Uint8Array> {
    try {
      yield* packed;
    } catch (error) {
      fault = error;
      throw error;
    }
  }
  // Its callback would only tell what the loop below throws.
  pipeline(watched(), unpacker, () => {});
  try {
    yield* unpacker;
  } catch {
    throw fault ?? unreadable();
  }
}

/** Hands the bytes on and ends them with `tooLarge()`, without reading on, as soon as they are more than the limit. */
export async function* limited(
  bytes: AsyncIterable<Uint8Array>,
  maxBytes: number,
  tooLarge: () => Error,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge();
    yield chunk;
  }
}
