import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { GatewayKeyStore } from '../../store/gateway-keys';
import { guardIncreff } from '../increff-access';
import type { IncreffIntake } from '../increff-intake';
import {
  assureLines,
  assureRequest,
  type IncreffLine,
  increffRefusals,
  omsLines,
  omsRequest,
  preferredWaitSeconds,
} from '../increff-protocol';
import { createWaitingRoom } from '../waiting-room';

/** Below what clients and proxies usually wait. */
const MAX_WAIT_SECONDS = 20;
/** Each of them looks for verdicts several times a second; one more is answered as if it did not want to wait. */
const MAX_WAITING = 100;

const codes = z.array(z.string());
const security = [{ authUsername: [], authPassword: [] }];
const DESCRIPTION = `Success: stored for delivery. With Prefer: wait=<seconds> (at most ${MAX_WAIT_SECONDS}): accepted by the channel; what it has not decided by then is listed as pending.`;

/** Increff's two stock requests, for a WMS that speaks them. The credentials are a gateway key that is bound to one connection. */
export const increffRoutes =
  (deps: { keys: Pick<GatewayKeyStore, 'verify'>; takeIncreff: IncreffIntake }): FastifyPluginAsyncZod =>
  async (server) => {
    const connectionOf = guardIncreff(server, deps.keys);
    const room = createWaitingRoom(MAX_WAITING);
    const take = async (request: FastifyRequest, reply: FastifyReply, lines: IncreffLine[]) => {
      const preferred = preferredWaitSeconds(request.headers.prefer, MAX_WAIT_SECONDS);
      const waitSeconds = room.hasPlace() ? preferred : undefined;
      if (waitSeconds !== undefined) reply.header('preference-applied', `wait=${waitSeconds}`);
      const taking = deps.takeIncreff(connectionOf(request), lines, waitSeconds);
      const fates = [...(await (waitSeconds === undefined ? taking : room.keep(taking)))];
      const of = (fate: string) => fates.filter(([, own]) => own === fate).map(([code]) => code);
      return { failure: of('failure'), success: of('success'), pending: of('undecided') };
    };
    const omsAnswer = z.object({ failureProducts: codes, successProducts: codes, pendingProducts: codes.optional() });
    server.put(
      '/usp/inventories/absolute',
      {
        schema: {
          summary: "Increff OMS's stock request",
          description: DESCRIPTION,
          security,
          body: omsRequest,
          response: { 200: omsAnswer, ...increffRefusals },
        },
      },
      async (request, reply) => {
        const { failure, success, pending } = await take(request, reply, omsLines(request.body));
        return {
          failureProducts: failure,
          successProducts: success,
          ...(pending.length > 0 ? { pendingProducts: pending } : {}),
        };
      },
    );
    const assureAnswer = z.object({ failureSkus: codes, successSkus: codes, pendingSkus: codes.optional() });
    server.put(
      '/sellfast/inventories/absolute-update',
      {
        schema: {
          summary: "Increff Assure's stock request",
          description: DESCRIPTION,
          security,
          body: assureRequest,
          response: { 200: assureAnswer, ...increffRefusals },
        },
      },
      async (request, reply) => {
        const { failure, success, pending } = await take(request, reply, assureLines(request.body));
        return { failureSkus: failure, successSkus: success, ...(pending.length > 0 ? { pendingSkus: pending } : {}) };
      },
    );
  };
