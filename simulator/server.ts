import {
  createServer,
  type Server as HttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Account } from './account.ts';
import { Bodies, type BodyLimits, usualBodyLimits } from './body.ts';
import type { Ids } from './chance.ts';
import { Clock, type ClockSettings } from './clock.ts';
import { control } from './control/control.ts';
import type { Room } from './control/route.ts';
import { type WireResponse, wireResponse } from './endpoint.ts';
import { Fault } from './machine.ts';
import { credentialOf, type HttpRequest } from './wire/request.ts';
import { encodeRefusal } from './wire/wire.ts';

/** What stands behind a server: one account, and whoever runs its functions outside this process. */
export interface Site {
  readonly account: Account;
  /** Answers a request that an execution environment signed; undefined for any other access key. Never waits for the clock. */
  readonly functionRequests?: (
    accessKeyId: string,
    request: HttpRequest,
  ) => Promise<WireResponse> | undefined;
  /** A custom resource's answer under its token; false: nobody waits for that token. */
  readonly respond?: (token: string, body: string) => boolean;
  /** Whether the request asks after a stack operation that is under way: under a virtual clock a second passes then. */
  readonly polls?: (request: HttpRequest) => boolean;
  /** Ends whatever runs for the account. */
  readonly close?: () => Promise<void>;
}

/** How a server is set up. */
export interface ServerOptions {
  readonly seed: number;
  readonly clock: ClockSettings;
  /** Makes the account, and another one at each reset; `url` is where it is reached. */
  readonly open: (seed: number, url: string) => Site;
  /** Hears of errors that are the simulator's own. */
  readonly report: (line: string) => void;
  readonly bodies?: BodyLimits;
  /** How long the whole of a request may take to come in (milliseconds). */
  readonly requestMsMax?: number;
}

const host = '127.0.0.1';
const controlPrefix = '/_simulator';
const customResourcePath = /^\/cloudformation-custom-resource-response\/([^/]+)$/;
/** Longer than the pause of a client that keeps its connections. */
const keepAliveMs = 65_000;
/** For a whole request, from its first byte; a deployment package comes from the same machine. */
const requestMsMax = 60_000;
const tooLarge = 'RequestEntityTooLarge';

/** One account as a server: the APIs of AWS at the root, what only a simulator can do under `/_simulator/`. */
export class Server {
  readonly url: string;
  private readonly options: ServerOptions;
  private readonly bodies: Bodies;
  private readonly http: HttpServer;
  private readonly clock: Clock;
  private readonly room: Room;
  /** Ends the requests whose answers take virtual time: the account that owes them is replaced. */
  private readonly waiting = new Set<() => void>();
  private site: Site;
  private ids: Ids;

  private constructor(options: ServerOptions, http: HttpServer, url: string) {
    this.url = url;
    this.options = options;
    this.http = http;
    this.bodies = new Bodies(options.bodies ?? usualBodyLimits);
    this.site = options.open(options.seed, url);
    this.ids = requestIds(this.site);
    this.clock = new Clock({
      world: this.site.account.world,
      settings: options.clock,
      onError: (error) => options.report(textOf(error)),
    });
    this.room = {
      account: () => this.site.account,
      clock: this.clock,
      reset: (seed) => this.reset(seed),
    };
  }

  /** Listens on 127.0.0.1; port 0 takes a free one. Rejects as node:net does. */
  static async start(options: ServerOptions, port: number): Promise<Server> {
    const requestTimeout = options.requestMsMax ?? requestMsMax;
    const http = createServer({
      requestTimeout,
      headersTimeout: requestTimeout,
      keepAliveTimeout: keepAliveMs,
      connectionsCheckingInterval: Math.min(requestTimeout, 5000),
    });
    await new Promise<void>((done, failed) => {
      http.once('error', failed);
      http.listen(port, host, done);
    });
    const { port: taken } = http.address() as AddressInfo;
    const server = new Server(options, http, `http://${host}:${taken}`);
    http.on('request', (request, response) => void server.serve(request, response));
    http.on('checkContinue', (request, response) => void server.expect(request, response));
    http.on('clientError', refuseConnection);
    return server;
  }

  /** Closes every connection and ends what runs for the account. */
  async stop(): Promise<void> {
    const closed = new Promise((done) => this.http.close(done));
    this.http.closeAllConnections();
    await this.site.close?.();
    await this.clock.stop();
    await closed;
  }

  private async serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = headOf(incoming);
    try {
      const body = await this.bodies.read(incoming);
      if (body === 'cut') return;
      if (typeof body === 'string') {
        write(request, response, this.refused(request, body === 'busy' ? 'ServiceUnavailable' : tooLarge));
        return;
      }
      try {
        write(request, response, await this.answer({ ...request, body: body.bytes }));
      } finally {
        body.release();
      }
    } catch (error) {
      this.options.report(`${request.method} ${request.path}: ${textOf(error)}`);
      write(request, response, this.refused(request, 'InternalFailure'));
    }
  }

  /** Whoever asks before sending is told at once; whether the body comes all the same, nobody knows. */
  private async expect(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!this.bodies.isTooLarge(incoming)) {
      response.writeContinue();
      await this.serve(incoming, response);
      return;
    }
    const request = headOf(incoming);
    response.shouldKeepAlive = false;
    write(request, response, this.refused(request, tooLarge));
  }

  private async answer(request: HttpRequest): Promise<WireResponse> {
    const { site } = this;
    const { path } = request;
    if (path === controlPrefix || path.startsWith(`${controlPrefix}/`))
      return control(this.room, request, path.slice(controlPrefix.length + 1));
    const token = request.method === 'PUT' ? customResourcePath.exec(path)?.[1] : undefined;
    if (token !== undefined && site.respond) {
      const isAwaited = site.respond(token, new TextDecoder().decode(request.body));
      return { statusCode: isAwaited ? 200 : 403, headers: {}, body: new Uint8Array() };
    }
    const ofFunction = site.functionRequests?.(credentialOf(request)?.accessKeyId ?? '', request);
    if (ofFunction !== undefined) return ofFunction;
    return this.answerOperator(request);
  }

  /** What takes time is answered later: under a virtual clock as much time passes as it takes. */
  private async answerOperator(request: HttpRequest): Promise<WireResponse> {
    const { answer } = await this.clock.alone(async () => {
      const isVirtual = this.clock.settings.kind === 'virtual';
      const { account, polls } = this.site;
      if (isVirtual && polls?.(request)) await this.clock.pass(1);
      let isAnswered = false;
      let answerWith = (_response: WireResponse) => {};
      const answer = new Promise<WireResponse>((resolve) => {
        const giveUp = () => resolve(this.refused(request, 'ServiceUnavailable'));
        this.waiting.add(giveUp);
        answerWith = (response) => {
          this.waiting.delete(giveUp);
          resolve(response);
        };
      });
      account.endpoint.serve(request, (response) => {
        isAnswered = true;
        answerWith(response);
      });
      while (isVirtual && !isAnswered) await this.clock.pass(1);
      return { answer };
    });
    return answer;
  }

  /** A fresh account under the same clock. */
  private async reset(seed = this.site.account.world.seed): Promise<void> {
    await this.site.close?.();
    await this.clock.alone(() => {
      this.site = this.options.open(seed, this.url);
      this.ids = requestIds(this.site);
      this.clock.enter(this.site.account.world);
      for (const giveUp of this.waiting) giveUp();
      this.waiting.clear();
    });
  }

  private refused(request: HttpRequest, code: keyof typeof refusals): WireResponse {
    const { status, message } = refusals[code];
    return wireResponse(encodeRefusal(request, new Fault(code, message, status), this.ids.uuid()));
  }
}

const requestIds = ({ account }: Site) => account.world.ids('refused-requests');

const refusals = {
  RequestEntityTooLarge: { status: 413, message: 'The request is larger than the service accepts.' },
  ServiceUnavailable: { status: 503, message: 'The request cannot be served now; try again.' },
  InternalFailure: { status: 500, message: 'The simulator failed; its standard error says why.' },
};

/** The request without its body. */
function headOf({ method = '', url = '', headers }: IncomingMessage): HttpRequest {
  const [path = '', ...query] = url.split('?');
  const flat = Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]);
  const form = new URLSearchParams(query.join('?'));
  const values = [...new Set(form.keys())].map((name) => [name, form.getAll(name)]);
  return {
    method,
    path,
    query: Object.fromEntries(values),
    headers: Object.fromEntries(flat),
    body: new Uint8Array(),
  };
}

/** Answers; a client that is gone meanwhile hears nothing. */
function write(request: HttpRequest, response: ServerResponse, answer: WireResponse): void {
  if (response.destroyed || response.headersSent) return;
  const length = answer.headers['content-length'] ?? String(answer.body.length);
  response.writeHead(answer.statusCode, { ...answer.headers, 'content-length': length });
  response.end(request.method === 'HEAD' ? undefined : answer.body);
}

/** What is no HTTP, or not in time, is answered in plain HTTP and cut off. */
function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const isLate = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const status = isLate ? '408 Request Timeout' : '400 Bad Request';
  const code = isLate ? 'RequestTimeout' : 'BadRequest';
  const xml = `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code></Error></ErrorResponse>`;
  const head = `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: text/xml\r\ncontent-length: ${xml.length}`;
  socket.end(`${head}\r\n\r\n${xml}`, () => socket.destroy());
}

const textOf = (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error));
