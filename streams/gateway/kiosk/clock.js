// The tablet's clock, corrected by the gateway's. Times are milliseconds since 1970.

const KEY = "pingliu.clock";
const SAVE_MS = 60_000;
const JUMP_MS = 2_000;
const SHANGHAI_MS = 8 * 3_600_000;

export class Clock {
  constructor() {
    this.steadyMs = null; // between the clock that can be set and the one that can't, when the gateway was heard
    this.skewMs = 0; // how far the tablet is ahead, at least
    this.lastMs = 0; // what the gateway said last
    this.savedMs = 0;
    const known = parsed(localStorage.getItem(KEY));
    if (Number.isFinite(known?.skewMs) && Number.isFinite(known?.lastMs)) {
      this.skewMs = known.skewMs;
      this.lastMs = known.lastMs;
    }
  }

  // From the tablet's time of a request and of its answer, how long that took by the clock that can't be set, and the
  // gateway's time in between: of all skews that there may be, the one nearest to none. Where the tablet's clock was set
  // meanwhile, nobody knows.
  learn(sentMs, receivedMs, tookMs, gatewayMs) {
    if (Math.abs(receivedMs - sentMs - tookMs) >= JUMP_MS) {
      this.steadyMs = null;
      return;
    }
    const least = sentMs - gatewayMs;
    const most = receivedMs - gatewayMs;
    const skewMs = Math.min(Math.max(0, least), Math.max(least, most));
    const isNew = Math.abs(skewMs - this.skewMs) > 1000 || gatewayMs - this.savedMs > SAVE_MS;
    this.skewMs = skewMs;
    this.lastMs = gatewayMs;
    this.steadyMs = receivedMs - performance.now();
    if (isNew) {
      this.savedMs = gatewayMs;
      localStorage.setItem(KEY, JSON.stringify({ skewMs, lastMs: gatewayMs }));
    }
  }

  // Whether the gateway has told its time since the page was loaded, and the tablet's clock was not set since.
  get isSure() {
    return this.steadyMs !== null && Math.abs(Date.now() - performance.now() - this.steadyMs) < JUMP_MS;
  }

  // Now, as the gateway would say it; never before what it said last, however the tablet's clock was set meanwhile.
  now() {
    return Math.max(Date.now() - this.skewMs, this.lastMs);
  }
}

// RFC 3339, in Asia/Shanghai.
export function moment(ms) {
  return new Date(ms + SHANGHAI_MS).toISOString().replace("Z", "+08:00");
}

function parsed(text) {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return null;
  }
}
