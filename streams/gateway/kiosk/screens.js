// The page as people see, touch and hear it. Every text that isn't in the page itself is here.

const STEADY_MS = 400;
const SCREENS = ["start", "detail", "thanks", "wait", "setup", "misplaced", "elsewhere"];
const HINTS = { good: "请问哪里做得好？", fair: "以下哪些符合您的情况？", bad: "请问哪里没有做好？" };
const SVG = "http://www.w3.org/2000/svg";

export class Screens {
  // `levels`: of the catalogue. `hasComment`: whether visitors may write something.
  constructor(levels, hasComment) {
    this.levels = new Map(levels.map((one) => [one.level, one]));
    this.hasComment = hasComment;
    this.shown = "";
    this.steady = 0;
    this.tapped = new WeakMap();
    document.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  // `act`: what is done when a face, a tag or a button is pressed.
  connect(act) {
    for (const { level, word } of this.levels.values()) {
      const button = element("button", { type: "button", id: `level-${level}` });
      button.append(face(level), element("span", {}, word));
      byId("faces").append(item(button));
      button.addEventListener("click", () => act.press(level));
    }
    for (const name of ["back", "submit", "resend", "change", "here"]) byId(name).addEventListener("click", act[name]);
    byId("setup-leave").addEventListener("click", act.leave);
    byId("setup-done").addEventListener("click", () => act.enable(byId("token").value));
    byId("token").addEventListener("keydown", (event) => event.key === "Enter" && act.enable(byId("token").value));
    byId("comment").addEventListener("input", (event) => act.say(event.target.value));
    this.choose = act.choose;
  }

  // Shows a screen, or the same for somebody else, and moves the focus there. What is on it can't be pressed at once:
  // the second tap of a hand that shakes shall not hit what has come under it.
  show(name, draft = null) {
    if (draft !== null) this.#fill(draft);
    this.shown = name;
    this.say("");
    for (const screen of SCREENS) byId(screen).hidden = screen !== name;
    const shown = byId(name);
    shown.inert = true;
    clearTimeout(this.steady);
    this.steady = setTimeout(() => {
      shown.inert = false;
      // Who is reading the state line, or typing elsewhere, isn't interrupted.
      if (!byId("state").contains(document.activeElement)) byId(`${name}-title`).focus({ preventScroll: true });
    }, STEADY_MS);
    window.scrollTo(0, 0);
  }

  // The button says what it does.
  drafted({ tags, comment }) {
    byId("submit").textContent = tags.length > 0 || comment ? "提交" : "直接提交";
    for (const button of byId("tags").querySelectorAll("button")) {
      button.setAttribute("aria-pressed", `${tags.includes(button.dataset.code)}`);
    }
  }

  setTitle(offer) {
    byId("start-title").textContent = offer?.is_completed ? "业务已办结，请您评价本次服务" : "请您评价本次服务";
  }

  setPlace(name) {
    byId("place").textContent = name;
    document.title = `${name} 服务评价`;
  }

  // Said aloud by screen readers, at their next pause.
  say(text) {
    byId("notice").textContent = text;
  }

  // Where there is no way back, the tablet can do nothing yet.
  setSetup(why, canLeave) {
    byId("setup-why").textContent = why;
    byId("setup-leave").hidden = !canLeave;
  }

  forgetToken() {
    byId("token").value = "";
  }

  setState(line, isAlarm, details, canResend) {
    byId("state").classList.toggle("alarm", isAlarm);
    if (byId("state-line").textContent !== line) byId("state-line").textContent = line;
    byId("state-list").replaceChildren(...details.map((text) => element("li", {}, text)));
    byId("resend").hidden = !canResend;
  }

  closeState() {
    byId("state").open = false;
  }

  #fill(draft) {
    const level = this.levels.get(draft.level);
    const drawn = face(draft.level);
    drawn.classList.add("chosen");
    byId("detail-title").replaceChildren(drawn, `您的评价：${level.word}`);
    // The middle level's tags are of both kinds.
    const kind = level.level === "basically_satisfied" ? "fair" : level.is_bad ? "bad" : "good";
    byId("tags-hint").textContent = `${HINTS[kind]}可多选，也可以不选`;
    byId("tags").replaceChildren(...level.tags.map((tag) => item(this.#tag(tag))));
    byId("comment-field").hidden = !this.hasComment;
    byId("comment").value = draft.comment;
    this.drafted(draft);
  }

  #tag({ code, text }) {
    const button = element("button", { type: "button", "aria-pressed": "false" }, text);
    button.dataset.code = code;
    button.addEventListener("click", (event) => {
      const before = this.tapped.get(button) ?? -STEADY_MS;
      if (event.timeStamp - before < STEADY_MS) return;
      this.tapped.set(button, event.timeStamp);
      this.choose(code);
    });
    return button;
  }
}

export function byId(id) {
  return document.getElementById(id);
}

function item(child) {
  const line = document.createElement("li");
  line.append(child);
  return line;
}

function element(name, attributes, text) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function face(level) {
  const drawn = document.createElementNS(SVG, "svg");
  drawn.setAttribute("aria-hidden", "true");
  drawn.setAttribute("viewBox", "0 0 64 64");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#face-${level}`);
  drawn.append(use);
  return drawn;
}
