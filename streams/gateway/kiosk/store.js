// What the tablet keeps, in IndexedDB, so that it survives a reload and a power cut: presses until they have a verdict,
// those that were rejected, what is being pressed now (the draft), and which services were rated here.

const RATED_MOST = 200;
// On disk before anybody is thanked.
const DURABLE = { durability: "strict" };

export async function openStore() {
  const request = indexedDB.open("pingliu", 1);
  request.onupgradeneeded = () => {
    const database = request.result;
    database.createObjectStore("presses", { keyPath: "seq", autoIncrement: true }).createIndex("id", "id", { unique: true });
    database.createObjectStore("refused", { keyPath: "id" });
    database.createObjectStore("state");
  };
  return new Store(await done(request));
}

class Store {
  constructor(database) {
    this.database = database;
  }

  async draft() {
    return done(this.#read("state").get("draft"));
  }

  async rated() {
    return (await done(this.#read("state").get("rated"))) ?? [];
  }

  async keepDraft(draft) {
    await this.#change(["state"], (state) => state.put(draft, "draft"));
  }

  async dropDraft() {
    await this.#change(["state"], (state) => state.delete("draft"));
  }

  // The draft becomes a press that waits for its verdict, all in one: it can't be lost between, nor be there twice.
  async submit(event, service) {
    await this.#change(["presses", "state"], async (presses, state) => {
      if ((await done(presses.index("id").getKey(event.id))) === undefined) presses.add({ id: event.id, event });
      state.delete("draft");
      if (service) {
        const rated = (await done(state.get("rated"))) ?? [];
        state.put([...rated.filter((one) => one !== service), service].slice(-RATED_MOST), "rated");
      }
    });
  }

  // The oldest presses without a verdict.
  async waiting(most) {
    return done(this.#read("presses").getAll(null, most));
  }

  // Presses as they are sent from now on.
  async date(presses) {
    await this.#change(["presses"], (store) => presses.forEach((press) => store.put(press)));
  }

  // What has a verdict waits no more; what was rejected is kept aside.
  async settle(presses, verdicts) {
    await this.#change(["presses", "refused"], (waiting, refused) => {
      presses.forEach((press, index) => {
        const { verdict, reason, field } = verdicts[index];
        if (verdict === "rejected") refused.put({ id: press.id, event: press.event, reason, field });
        waiting.delete(press.seq);
      });
    });
  }

  async refused() {
    return done(this.#read("refused").getAll());
  }

  // What was rejected waits again, at the end.
  async resend() {
    await this.#change(["presses", "refused"], async (waiting, refused) => {
      for (const { id, event } of await done(refused.getAll())) {
        if ((await done(waiting.index("id").getKey(id))) === undefined) waiting.add({ id, event });
        refused.delete(id);
      }
    });
  }

  async waitingCount() {
    return done(this.#read("presses").count());
  }

  #read(name) {
    return this.database.transaction(name).objectStore(name);
  }

  async #change(names, change) {
    const transaction = this.database.transaction(names, "readwrite", DURABLE);
    const ended = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error ?? new Error("aborted"));
    });
    try {
      await change(...names.map((name) => transaction.objectStore(name)));
    } catch (error) {
      transaction.abort();
      await ended.catch(() => null);
      throw error;
    }
    await ended;
  }
}

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
