// What a visitor does, step by step, and what comes of it: a face is pressed (the draft), tags and a comment are added,
// it is submitted. Knows nothing of the page; `show` is told whenever another screen is due.

import { envelope } from "./outbox.js";
import { randomId } from "./ids.js";

const RATED_MOST = 200;
const COMMENT_MOST = 500;

export class Flow {
  constructor(store, clock, tagVersion, show, submitted) {
    this.store = store;
    this.clock = clock;
    this.tagVersion = tagVersion;
    this.show = show;
    this.submitted = submitted;
    this.station = null; // who and where this tablet is, as the gateway said last
    this.said = null; // what may be rated, as long as that is known
    this.offer = null; // what the visitor is asked about: the same, or what it was when a face was pressed
    this.draft = null;
    this.isHeld = false; // who went back to the faces rates the same service
    this.isThanking = false;
    this.rated = new Set();
    this.isBusy = false;
  }

  // What is there from before: what was pressed and not submitted yet is submitted as it is.
  async begin(station) {
    this.station = station;
    this.rated = new Set(await this.store.rated());
    this.draft = (await this.store.draft()) ?? null;
    if (this.draft !== null) await this.#submit();
    this.isThanking = false;
    this.show(this.screen);
  }

  get screen() {
    if (this.isThanking) return "thanks";
    if (this.draft !== null) return "detail";
    if (this.station === null) return "setup";
    if (this.offer?.kind === "wait") return "wait";
    if (this.offer?.kind === "service" && this.rated.has(this.offer.service)) return "wait";
    return "start";
  }

  // The gateway said what may be rated; `offer` null: it hasn't for so long that nobody knows. What was begun for one
  // service stays that one's.
  hear(station, offer) {
    const [screen, before] = [this.screen, this.offer];
    this.station = station;
    this.said = offer;
    const isOthers = offer?.service !== before?.service;
    if (this.draft !== null || (this.isHeld && (isOthers || offer?.kind !== before?.kind))) return;
    this.offer = offer;
    // A finger that comes down for one service must not press for the next, on a page that looks the same.
    if (this.screen !== screen || (this.screen === "start" && isOthers)) this.show(this.screen);
  }

  async press(level) {
    await this.#alone("start", async () => {
      const { offer } = this;
      const isOfService = offer?.kind === "service";
      const draft = {
        id: isOfService ? offer.rating : randomId(),
        service: isOfService ? offer.service : "",
        station: this.station,
        ms: this.clock.now(),
        level,
        tags: [],
        comment: "",
      };
      await this.store.keepDraft(draft);
      this.draft = draft;
      this.offer = offer;
      this.show("detail");
    });
  }

  // Chooses a tag, or chooses it no more.
  async choose(code) {
    if (this.draft === null) return;
    const { tags } = this.draft;
    this.draft.tags = tags.includes(code) ? tags.filter((one) => one !== code) : [...tags, code];
    await this.store.keepDraft(this.draft);
  }

  async say(comment) {
    if (this.draft === null) return;
    this.draft.comment = comment.trim().slice(0, COMMENT_MOST);
    await this.store.keepDraft(this.draft);
  }

  async back() {
    await this.#alone("detail", async () => {
      await this.store.dropDraft();
      this.draft = null;
      this.isHeld = true;
      this.show(this.screen);
    });
  }

  // Whoever went back has gone.
  release() {
    this.isHeld = false;
    this.hear(this.station, this.said);
  }

  async submit() {
    await this.#alone("detail", async () => {
      await this.#submit();
      this.show("thanks");
    });
  }

  thanked() {
    if (!this.isThanking) return;
    this.isThanking = false;
    this.show(this.screen);
  }

  async #submit() {
    const { id, service, station, ms, level, tags, comment } = this.draft;
    const data = { rating: id, level, channel: "hall_pad" };
    if (service) data.service = service;
    if (tags.length > 0) Object.assign(data, { tags, tag_version: this.tagVersion });
    if (comment) data.comment = comment;
    await this.store.submit(envelope("rating.submitted", id, station, ms, data), service);
    if (service) this.rated = new Set([...this.rated, service].slice(-RATED_MOST));
    this.draft = null;
    this.isHeld = false;
    this.offer = this.said;
    this.isThanking = true;
    this.submitted();
  }

  // One thing after the other: a second tap while the first is still being kept does nothing.
  async #alone(screen, act) {
    if (this.isBusy || this.screen !== screen) return;
    this.isBusy = true;
    try {
      await act();
    } finally {
      this.isBusy = false;
    }
  }
}
