// Asks the gateway what is to be rated, again and again: each answer waits there until there is something new.

import { Away, Refused } from "./gateway.js";

const LEAST_MS = 1_000;
const LONGEST_MS = 15_000;
const REFUSED_MS = 60_000;

export class Watch {
  // `heard` is called with what the gateway said, `failed` with why it said nothing.
  constructor(gateway, window, heard, failed) {
    this.gateway = gateway;
    this.window = window;
    this.heard = heard;
    this.failed = failed;
    this.ending = new AbortController();
    this.resume = () => null;
  }

  end() {
    this.ending.abort();
    this.resume();
  }

  // At once, where it waits for better times.
  again() {
    this.resume();
  }

  async run() {
    let seen = "";
    let pause = LEAST_MS;
    while (!this.ending.signal.aborted) {
      try {
        const station = await this.gateway.station(this.window, seen, this.ending.signal);
        seen = station.seen;
        pause = LEAST_MS;
        await this.heard(station);
      } catch (error) {
        if (!(error instanceof Away || error instanceof Refused)) throw error;
        if (this.ending.signal.aborted) return;
        seen = ""; // what comes next is news
        this.failed(error);
        await this.#pause(error instanceof Refused ? REFUSED_MS : Math.max(pause, error.seconds * 1000));
        pause = Math.min(LONGEST_MS, pause * 2);
      }
    }
  }

  async #pause(ms) {
    await new Promise((resolve) => {
      this.resume = resolve;
      setTimeout(resolve, ms);
    });
  }
}
