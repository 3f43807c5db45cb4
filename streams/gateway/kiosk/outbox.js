// Brings presses to the gateway, in their order, the same again until there are verdicts; and says that the tablet is alive.

import { moment } from "./clock.js";
import { Away, Refused } from "./gateway.js";
import { randomId } from "./ids.js";

const BATCH = 50;
const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;
const REFUSED_MS = 60_000;
const TOLERATED_SKEW_MS = 120_000;

export class Outbox {
  // `tell` is called with a fault, or null, after every attempt.
  constructor(store, gateway, clock, tell) {
    this.store = store;
    this.gateway = gateway;
    this.clock = clock;
    this.tell = tell;
    this.most = BATCH;
    this.failures = 0;
    this.isEnded = false;
    this.isNew = false; // something came since it was looked last
    this.isIdle = false; // waits for something to send, and not for better times
    this.resume = () => null;
  }

  // Something new waits.
  wake() {
    this.isNew = true;
    if (this.isIdle) this.resume();
  }

  // The gateway is there again.
  retry() {
    this.failures = 0;
    this.resume();
  }

  end() {
    this.isEnded = true;
    this.resume();
  }

  async run() {
    while (!this.isEnded) {
      this.isNew = false;
      const presses = await this.store.waiting(this.most);
      if (presses.length === 0) {
        this.isIdle = true;
        if (!this.isNew && !this.isEnded) await this.#pause();
        this.isIdle = false;
        continue;
      }
      try {
        await this.#send(presses);
        this.failures = 0;
        this.most = BATCH;
        this.tell(null);
      } catch (error) {
        if (!(error instanceof Away || error instanceof Refused)) throw error;
        if (error.isTooMuch) this.most = Math.max(1, this.most >> 1);
        this.tell(error);
        await this.#pause(this.#backoff(error));
      }
    }
  }

  // A heartbeat that doesn't get through is nobody's: the next one says the same.
  async beat(station) {
    try {
      await this.#beat(station);
    } catch (error) {
      if (!(error instanceof Away || error instanceof Refused)) throw error;
    }
  }

  async #beat(station) {
    if (!this.clock.isSure) await this.gateway.time();
    const backlog = await this.store.waitingCount();
    const data = { device: station.device, kind: "rating", backlog, firmware: "terminal-page" };
    if (Math.abs(this.clock.skewMs) > TOLERATED_SKEW_MS) data.clock_skew_seconds = Math.round(this.clock.skewMs / 1000);
    const event = envelope("device.heartbeat", randomId(), station, this.clock.now(), data);
    await this.gateway.send([event]);
  }

  async #send(presses) {
    if (!this.clock.isSure) await this.gateway.time();
    const now = moment(this.clock.now());
    // A clock that was ahead until the gateway corrected it: nobody pressed in the future.
    const ahead = presses.filter((press) => press.event.time > now);
    for (const press of ahead) press.event.time = now;
    if (ahead.length > 0) await this.store.date(ahead);
    const verdicts = await this.gateway.send(presses.map((press) => press.event));
    await this.store.settle(presses, verdicts);
  }

  #backoff(error) {
    if (error instanceof Refused) return REFUSED_MS;
    const pause = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.failures);
    this.failures += 1;
    return Math.max(pause * (0.5 + Math.random() / 2), error.seconds * 1000);
  }

  async #pause(ms) {
    await new Promise((resolve) => {
      this.resume = resolve;
      if (ms !== undefined) setTimeout(resolve, ms);
    });
  }
}

// An event of this tablet, at a moment (epoch ms).
export function envelope(type, id, station, ms, data) {
  const { source, street, site, window } = station;
  return { specversion: "1.0", id, source, type, time: moment(ms), street, site, window, data };
}
