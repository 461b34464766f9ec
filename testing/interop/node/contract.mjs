// The handlers that every server of the interop tests answers with, whatever it is written in.
import { nest } from './nest.mjs';
import { fromCommandLine } from './transports.mjs';

const { Controller, Ctx, EventPattern, MessagePattern, Module, Payload, RpcException, UseFilters } = nest;
const { BehaviorSubject, concat, filter, firstValueFrom, mergeMap } = nest.rxjs;
const { of, range, throwError, timer } = nest.rxjs;

class Contract {
  events = new BehaviorSubject([]);

  add({ a, b }) {
    return { result: a + b };
  }

  sum(numbers) {
    return numbers.reduce((total, each) => total + each, 0);
  }

  echo(data) {
    return data;
  }

  // NestJS 11 has no metadata.
  metadata(_, context) {
    return context.getMetadata?.() ?? null;
  }

  natsHeaders(_, context) {
    const headers = context.getHeaders();
    return Object.fromEntries((headers?.keys() ?? []).map((name) => [name, headers.get(name)]));
  }

  slow({ ms }) {
    return new Promise((answer) => setTimeout(() => answer(ms), ms));
  }

  failString() {
    throw new RpcException('boom');
  }

  failObject() {
    throw new RpcException({ code: 42, message: 'obj boom' });
  }

  failWith(data) {
    throw new RpcException(data);
  }

  failRaw(data) {
    throw new RpcException(data);
  }

  failCrash() {
    throw new Error('what a caller must not get to see');
  }

  nothing() {}

  nullValue() {
    return null;
  }

  stream({ n }) {
    return range(0, n);
  }

  // A value and an error in the same turn would leave as the error alone.
  streamFail() {
    const late = timer(1).pipe(mergeMap(() => throwError(() => new RpcException('late'))));
    return concat(of(0), late);
  }

  userCreated(data) {
    this.events.next([...this.events.value, data]);
  }

  // Answers once there are `atLeast` events, so that no test has to poll or to sleep.
  eventsSeen({ atLeast }) {
    return firstValueFrom(this.events.pipe(filter((seen) => seen.length >= atLeast)));
  }
}

// As NestJS's own documentation has it: what was thrown, in no object.
class Raw {
  catch(exception) {
    return throwError(() => exception.getError());
  }
}

const routes = {
  add: MessagePattern('math.add'),
  sum: MessagePattern({ cmd: 'sum' }),
  echo: MessagePattern('echo'),
  metadata: MessagePattern('metadata'),
  natsHeaders: MessagePattern('nats.headers'),
  slow: MessagePattern('slow'),
  failString: MessagePattern('fail.string'),
  failObject: MessagePattern('fail.object'),
  failWith: MessagePattern('fail.with'),
  failRaw: MessagePattern('fail.raw'),
  failCrash: MessagePattern('fail.crash'),
  nothing: MessagePattern('nothing'),
  nullValue: MessagePattern('null.value'),
  stream: MessagePattern('stream'),
  streamFail: MessagePattern('stream.fail'),
  userCreated: EventPattern('user.created'),
  eventsSeen: MessagePattern('events.seen'),
};

if (fromCommandLine().namesOnly) delete routes.sum;

// What TypeScript's decorator syntax comes down to.
for (const [method, decorate] of Object.entries(routes)) {
  decorate(Contract.prototype, method, Object.getOwnPropertyDescriptor(Contract.prototype, method));
}
for (const method of ['metadata', 'natsHeaders']) {
  Payload()(Contract.prototype, method, 0);
  Ctx()(Contract.prototype, method, 1);
}
UseFilters(new Raw())(Contract.prototype, 'failRaw', Object.getOwnPropertyDescriptor(Contract.prototype, 'failRaw'));
Controller()(Contract);

export class ContractModule {}
Module({ controllers: [Contract] })(ContractModule);
