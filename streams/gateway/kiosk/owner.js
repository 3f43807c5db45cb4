// One page at a time: the one that was opened last. Two would both ask the same visitor.

import { randomId } from "./ids.js";

const KEY = "pingliu.page";

// Takes over from any other page of this tablet; `taken` is called when another one does.
export function takeOver(taken) {
  const me = randomId();
  localStorage.setItem(KEY, me);
  addEventListener("storage", (event) => {
    if (event.key === KEY && event.newValue !== me) taken();
  });
}
