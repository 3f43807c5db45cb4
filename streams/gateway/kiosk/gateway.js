// Talks to the gateway: what is asked and handed in, and what may go wrong with it.

import { token } from "./token.js";

const ROOT = new URL("../", import.meta.url);
const ANSWER_MS = 60_000;

// Busy or not reached: the same again, after at least `seconds`. `isTooMuch`: fewer events at once.
export class Away extends Error {
  constructor(message, seconds = 0, isTooMuch = false) {
    super(message);
    this.seconds = seconds;
    this.isTooMuch = isTooMuch;
  }
}

// The gateway doesn't know this tablet, or not for this window: somebody must mend it.
export class Refused extends Error {
  constructor(status) {
    super(`refused: ${status}`);
    this.isStranger = status === 401;
    this.isMisplaced = !this.isStranger;
  }
}

export class Gateway {
  constructor(clock) {
    this.clock = clock;
  }

  // Asks what is to be rated; the answer waits while that is still what was `seen`.
  async station(window, seen, signal) {
    const query = new URLSearchParams({ window, seen });
    if (!window) query.delete("window");
    return this.call(`v1/terminal?${query}`, { signal });
  }

  // Asks for the time alone, which needs no token.
  async time() {
    await this.call("v1/time", {});
  }

  // Hands in events; gives a verdict for each.
  async send(events) {
    const { verdicts } = await this.call("v1/events", {
      method: "POST",
      headers: { "Content-Type": "application/cloudevents-batch+json" },
      body: JSON.stringify(events),
    });
    if (verdicts?.length !== events.length) throw new Away("no verdict for each", 0, true);
    return verdicts;
  }

  // The JSON of an answer.
  async call(path, { headers = {}, signal, ...options }) {
    const sentMs = Date.now();
    const steadyMs = performance.now();
    const timeout = AbortSignal.timeout(ANSWER_MS);
    let answer;
    try {
      answer = await fetch(new URL(path, ROOT), {
        ...options,
        headers: { ...headers, Authorization: `Bearer ${token()}`, "Pingliu-Time": `${sentMs}` },
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
        cache: "no-store",
        credentials: "omit",
        redirect: "error",
      });
    } catch (error) {
      throw new Away(error.message);
    }
    const gatewayMs = Number(answer.headers.get("Pingliu-Time"));
    if (!gatewayMs) throw new Away("what answers is no gateway");
    this.clock.learn(sentMs, Date.now(), performance.now() - steadyMs, gatewayMs);
    const { status } = answer;
    if (status === 200 || status === 422) {
      return answer.json().catch((error) => {
        throw new Away(error.message); // it broke off
      });
    }
    if (status === 400 || status === 401 || status === 403) throw new Refused(status);
    throw new Away(`answer ${status}`, Number(answer.headers.get("Retry-After")) || 0, [408, 413, 429].includes(status));
  }
}
