// gRPC, the way of NestJS: the services of proto files, as a server and as a client.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nest } from './nest.mjs';

const { Controller, GrpcMethod, GrpcStreamMethod, Module, RpcException } = nest;
const { BehaviorSubject, NEVER, Observable } = nest.rxjs;
const { concat, concatMap, filter, firstValueFrom, from, interval, map } = nest.rxjs;
const { mergeMap, of, range, reduce, take, throwError, timer } = nest.rxjs;

const protos = join(dirname(fileURLToPath(import.meta.url)), '../proto');

/** What both sides are told of the proto files. */
export const files = {
  package: ['math', 'shop.orders', 'billing'],
  protoPath: ['math.proto', 'shop/orders.proto', 'shop/billing.proto'],
  loader: { includeDirs: [protos] },
};

class Services {
  givenUp = new BehaviorSubject(0);

  add({ firstNumber = 0, secondNumber = 0 }) {
    return { value: firstNumber + secondNumber };
  }

  count({ upTo = 0 }) {
    return range(1, upTo).pipe(map((value) => ({ value })));
  }

  total(numbers) {
    return numbers.pipe(
      reduce((total, { value = 0 }) => total + value, 0),
      map((value) => ({ value })),
    );
  }

  double(numbers) {
    return numbers.pipe(map(({ value = 0 }) => ({ value: 2 * value })));
  }

  fail({ code = 0, message = '' }) {
    if (code === 0) throw new Error('what a caller must not get to see');
    throw new RpcException({ code, message });
  }

  failLate(failure) {
    const late = timer(20).pipe(mergeMap(() => throwError(() => new RpcException(failure))));
    return concat(of({ value: 1 }), late);
  }

  echo(_, metadata, call) {
    const { internalRepr } = metadata;
    const reply = metadata.clone();
    reply.set('answered-by', 'NestJS');
    call.sendMetadata(reply);
    const text = (value) => (typeof value === 'string' ? value : value.toString('hex'));
    const entries = [...internalRepr].map(([name, values]) => [name, values.map(text).join(', ')]);
    return { entries: Object.fromEntries(entries) };
  }

  wait(_, __, call) {
    call.on('cancelled', () => this.givenUp.next(this.givenUp.value + 1));
    return NEVER;
  }

  tick() {
    return new Observable((subscriber) => {
      const ticks = interval(1)
        .pipe(map((value) => ({ value })))
        .subscribe(subscriber);
      return () => {
        ticks.unsubscribe();
        this.givenUp.next(this.givenUp.value + 1);
      };
    });
  }

  givenUpMore({ value = 0 }) {
    const more = this.givenUp.pipe(filter((count) => count > value));
    return firstValueFrom(more).then((count) => ({ value: count }));
  }

  nothing() {
    return from([]);
  }

  find(id) {
    return { id, items: ['a', 'b'], state: 'STATE_PAID' };
  }

  bill({ id, items = [] }) {
    return { order: id, total: 1.5 * items.length };
  }
}

const unary = {
  add: ['Math', 'Add'],
  count: ['Math', 'Count'],
  fail: ['Math', 'Fail'],
  failLate: ['Math', 'FailLate'],
  echo: ['Math', 'Echo'],
  wait: ['Math', 'Wait'],
  tick: ['Math', 'Tick'],
  givenUpMore: ['Math', 'GivenUp'],
  nothing: ['Math', 'Nothing'],
  find: ['OrderService', 'Find'],
  bill: ['Bills', 'Total'],
};
const streamed = { total: ['Math', 'Total'], double: ['Math', 'Double'] };

// What TypeScript's decorator syntax comes down to.
function decorate(decorator, methods) {
  for (const [method, names] of Object.entries(methods)) {
    const descriptor = Object.getOwnPropertyDescriptor(Services.prototype, method);
    const decorated = decorator(...names)(Services.prototype, method, descriptor);
    // What streams is wrapped.
    Object.defineProperty(Services.prototype, method, decorated ?? descriptor);
  }
}
decorate(GrpcMethod, unary);
decorate(GrpcStreamMethod, streamed);
Controller()(Services);

export class GrpcModule {}
Module({ controllers: [Services] })(GrpcModule);

/**
 * Calls a method: the pattern is `{ service, method }`, the data
 * `{ request | requests, metadata, deadlineMs, take }`.
 */
export function send(client, _, { service, method }, data) {
  const metadata = new nest.grpc.Metadata();
  for (const [name, value] of Object.entries(data.metadata ?? {})) {
    metadata.set(name, name.endsWith('-bin') ? Buffer.from(value, 'hex') : value);
  }
  const options = data.deadlineMs ? { deadline: Date.now() + data.deadlineMs } : {};
  const request = data.requests ? from(data.requests).pipe(concatMap((one) => of(one))) : data.request;
  const replies = client.getService(service)[method](request ?? {}, metadata, options);
  return data.take ? replies.pipe(take(data.take)) : replies;
}
