import http from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';
import { Socket } from 'node:net';
import { urlToHttpOptions } from 'node:url';
import { setTime } from './clock.mjs';

const awsHost = /\.(amazonaws\.com(\.cn)?|api\.aws)$/;
const numberHeader = 'x-simulator-sequence';
const environmentHeader = 'x-simulator-environment';
const nowHeader = 'x-simulator-now';

/** Requests that were sent and have no answer yet, and all that are not over, by their number. */
const awaiting = new Set();
const open = new Set();
let made = 0;
let environment = '';

/** The numbers of the requests that were sent whole and wait for their answer. */
export const awaited = () => [...awaiting].sort((a, b) => a - b);

/** Whether any request is not over. */
export const isRequestOpen = () => open.size > 0;

/**
 * Lets this process reach AWS, which is the endpoint, and nothing else: a request to a host of AWS goes there as if its name
 * led there, so that code needs no settings that it has not in Lambda (and SQS clients, which follow the host in a queue's
 * URL, need none either). Every request carries its number and the environment's access key, whatever it is signed with; every
 * answer sets the clock before anybody sees it. `onInput` is told that something came from outside.
 */
export function installNetwork(endpointUrl, accessKeyId, onInput) {
  environment = accessKeyId;
  const endpoint = new URL(endpointUrl);
  const isEndpoint = (host, port) => {
    const name = host === 'localhost' ? '127.0.0.1' : host;
    return name === endpoint.hostname && String(port || 80) === (endpoint.port || '80');
  };
  const requestOver = (protocol) =>
    function request(...args) {
      const { options, callback } = argumentsOf(args, protocol);
      const host = options.hostname || options.host || 'localhost';
      if (awsHost.test(host)) return send(towards(endpoint, options, host), callback, onInput);
      if (protocol === 'http:' && isEndpoint(host, options.port)) return send(options, callback, onInput);
      const port = options.port || (protocol === 'https:' ? 443 : 80);
      return new http.ClientRequest({ ...options, protocol: 'http:', port, agent: false }, callback);
    };
  for (const [module, protocol] of [
    [http, 'http:'],
    [https, 'https:'],
  ]) {
    module.request = requestOver(protocol);
    module.get = (...args) => {
      const request = module.request(...args);
      request.end();
      return request;
    };
  }
  refuseOthers(isEndpoint);
  Socket.prototype.setTimeout = setSocketTimeout;
  syncBuiltinESMExports();
}

/** The options and the callback of http.request, whichever of its forms was used. */
function argumentsOf(args, protocol) {
  const [first, second] = args;
  const callback = args.find((argument) => typeof argument === 'function');
  const isUrl = typeof first === 'string' || first instanceof URL;
  const further = typeof second === 'function' ? {} : second;
  const options = isUrl
    ? { ...urlToHttpOptions(typeof first === 'string' ? new URL(first) : first), ...further }
    : { ...first };
  return { options: { protocol, ...options }, callback };
}

/** The same request to the endpoint, without TLS; the Host header still says who was meant. */
function towards(endpoint, options, host) {
  const { agent, headers = {}, method, path, auth, timeout, signal } = options;
  const named = Array.isArray(headers) ? headers : { host, ...headers };
  const kept = Object.entries({ method, path, auth, timeout, signal }).filter(
    ([, value]) => value !== undefined,
  );
  return {
    ...Object.fromEntries(kept),
    protocol: 'http:',
    hostname: endpoint.hostname,
    port: endpoint.port || 80,
    headers: named,
    agent: plainAgent(agent),
  };
}

const plainAgents = new WeakMap();

/** An agent without TLS that queues requests as the given one would. */
function plainAgent(agent) {
  if (typeof agent !== 'object' || agent === null) return agent;
  if (!plainAgents.has(agent)) plainAgents.set(agent, new http.Agent({ maxSockets: agent.maxSockets }));
  return plainAgents.get(agent);
}

/**
 * Sends a request over a connection of its own: one that were kept alive could be closed by the server just when it is used
 * again, and whether it is would depend on the real machine.
 */
function send(options, callback, onInput) {
  const number = ++made;
  const request = new http.ClientRequest(
    { ...options, headers: numbered(options.headers, number) },
    callback,
  );
  open.add(number);
  // A socket that waits for its answer does not keep the process busy; one in the middle of an exchange does.
  if (!request.getHeader('expect')) request.prependOnceListener('socket', (socket) => socket.unref());
  request.once('finish', () => {
    if (!open.has(number) || request.res) return;
    awaiting.add(number);
    request.socket?.unref();
  });
  const onAnswer = () => {
    onInput();
    awaiting.delete(number);
  };
  request.prependOnceListener('response', (response) => {
    onAnswer();
    const now = Number(response.headers[nowHeader]);
    if (now > 0) setTime(now);
    response.socket.ref();
  });
  request.prependOnceListener('error', onAnswer);
  request.once('close', () => {
    awaiting.delete(number);
    open.delete(number);
  });
  return request;
}

/** Headers in each of the forms that http.request takes, with the number and without keeping the connection alive. */
function numbered(headers, number) {
  const added = [
    [environmentHeader, environment],
    [numberHeader, String(number)],
    ['connection', 'close'],
  ];
  if (!Array.isArray(headers)) {
    const others = Object.entries(headers ?? {}).filter(([name]) => name.toLowerCase() !== 'connection');
    return Object.fromEntries([...others, ...added]);
  }
  return [...headers, ...(Array.isArray(headers[0]) ? added : added.flat())];
}

/** Makes every connection to anybody else fail, with a word why. */
function refuseOthers(isEndpoint) {
  const connect = Socket.prototype.connect;
  Socket.prototype.connect = function (...args) {
    const [options] = Array.isArray(args[0]) ? args[0] : args;
    const {
      host = 'localhost',
      port,
      path,
    } = typeof options === 'object' ? options : { port: options, host: args[1] };
    if (!path && isEndpoint(host, port)) return connect.apply(this, args);
    const where = path || `${host}:${port}`;
    const text = `A function of the local AWS reaches AWS and nothing else: no connection to ${where}`;
    // Whatever is written meanwhile waits for the connection.
    this.connecting = true;
    setImmediate(() => this.destroy(Object.assign(new Error(text), { code: 'ENETUNREACH' })));
    return this;
  };
}

const socketTimer = Symbol('timer');

/** Socket timeouts in virtual time. They are not put off by traffic: an exchange with the endpoint is one moment. */
function setSocketTimeout(milliseconds, callback) {
  clearTimeout(this[socketTimer]);
  this.timeout = milliseconds;
  if (milliseconds > 0) {
    this[socketTimer] = setTimeout(() => this.emit('timeout'), milliseconds).unref();
    this.once('close', () => clearTimeout(this[socketTimer]));
    if (callback) this.once('timeout', callback);
  } else if (callback) this.removeListener('timeout', callback);
  return this;
}
