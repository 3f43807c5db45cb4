// The terminal's page: puts its parts together, in this order.
// 1. The token is taken out of the address, before anything else is done.
// 2. What the tablet keeps is opened; without it nothing may be pressed.
// 3. What it was when it was last on line, it is still: presses are taken without the gateway.
// 4. The gateway is asked what may be rated; presses are sent.

import { Clock } from "./clock.js";
import { Flow } from "./flow.js";
import { Gateway } from "./gateway.js";
import { Outbox } from "./outbox.js";
import { takeOver } from "./owner.js";
import { Screens } from "./screens.js";
import { stateOf } from "./state_line.js";
import { openStore } from "./store.js";
import { keepToken, takeFromAddress, token } from "./token.js";
import { Watch } from "./watch.js";

const IDLE_MS = 30_000;
const WARN_MS = 20_000;
const THANKS_MS = 5_000;
const BEAT_MS = 60_000;
const BROKEN_MS = 60_000;
const UPDATE_MS = 3_600_000;
// So long after the gateway's last word, nobody knows any more what is served at the window.
const UNKNOWN_MS = 35_000;
const STATION = "pingliu.station";

async function main() {
  takeFromAddress(); // 1.
  addEventListener("hashchange", () => takeFromAddress() && location.reload());
  const parameters = new URLSearchParams(location.search);
  const catalogue = await (await fetch(new URL("levels.json", import.meta.url))).json();
  const screens = new Screens(catalogue.levels, parameters.get("comment") === "1");
  const store = await openStore().catch(() => null); // 2.
  if (store === null) {
    screens.setState("本机存储不可用，不能评价，请联系管理员", true, [], false);
    return;
  }
  navigator.storage?.persist?.();
  new Terminal(parameters.get("window") ?? "", catalogue, screens, store).run();
}

class Terminal {
  constructor(window_, catalogue, screens, store) {
    this.window = window_;
    this.screens = screens;
    this.store = store;
    this.clock = new Clock();
    this.gateway = new Gateway(this.clock);
    this.faults = { watch: null, outbox: null };
    this.hasBeaten = false;
    this.isChanging = false; // staff enters another token
    this.isLeft = false;
    this.idle = [];
    this.flow = new Flow(store, this.clock, catalogue.version, (screen) => this.isChanging || this.show(screen), () => this.submitted());
    this.outbox = new Outbox(store, this.gateway, this.clock, (fault) => this.tell({ outbox: fault }));
    this.watch = new Watch(this.gateway, this.window, (station) => this.hear(station), (fault) => this.lose(fault));
  }

  async run() {
    this.connect();
    takeOver(() => this.leave());
    const known = JSON.parse(localStorage.getItem(STATION) ?? "null");
    const isSame = known !== null && (this.window === "" || known.window === this.window);
    if (isSame) this.screens.setPlace(known.name);
    await this.flow.begin(isSame ? known : null); // 3.
    if (token() === "") {
      this.show("setup"); // once there is one, all begins anew
      this.screens.setState("未启用", false, [], false);
      return;
    }
    await this.tell({});
    this.outbox.run().catch((error) => this.breakDown(error)); // 4.
    this.watch.run().catch((error) => this.breakDown(error));
    setInterval(() => this.beat(), BEAT_MS);
    addEventListener("online", () => this.retry());
    keepWorker(() => this.flow.screen === "start" || this.flow.screen === "wait");
  }

  connect() {
    const kept = (act) => (...given) => act(...given).catch((error) => this.unkept(error));
    this.screens.connect({
      press: kept((level) => this.flow.press(level)),
      choose: kept((code) => this.flow.choose(code).then(() => this.drafted())),
      say: kept((comment) => this.flow.say(comment).then(() => this.drafted())),
      back: kept(() => this.flow.back()),
      submit: kept(() => this.flow.submit()),
      resend: kept(() => this.store.resend().then(() => this.outbox.wake()).then(() => this.tell({}))),
      change: () => this.setUp("请填写新的令牌。", true),
      leave: () => this.show(this.flow.screen),
      enable: (text) => (keepToken(text) ? location.reload() : this.screens.say("这不是令牌：应以 pl1_ 开头")),
      here: () => location.reload(),
    });
    for (const kind of ["pointerdown", "keydown", "input"]) addEventListener(kind, () => this.touched(), { capture: true });
  }

  show(screen) {
    if (this.isLeft) return;
    this.isChanging = false;
    this.screens.setTitle(this.flow.offer);
    if (screen !== "setup") this.screens.show(screen, screen === "detail" ? this.flow.draft : null);
    else if (token() !== "" && this.faults.watch?.isMisplaced) this.screens.show("misplaced");
    else this.setUp(token() === "" ? "请工作人员填写本机令牌。" : "正在连接网关。", false);
    this.touched();
  }

  setUp(why, canLeave) {
    this.isChanging = canLeave;
    this.screens.closeState();
    this.screens.setSetup(why, canLeave);
    this.screens.forgetToken();
    this.screens.show("setup");
    this.touched();
  }

  // Whoever does nothing for a while has gone. What was pressed counts as it is.
  touched() {
    this.idle.forEach(clearTimeout);
    this.screens.say("");
    const shown = this.screens.shown;
    if (shown === "detail") {
      const warn = () => this.screens.say("10 秒后自动提交，触摸屏幕可继续选择");
      this.idle = [setTimeout(warn, WARN_MS), setTimeout(() => this.flow.submit().catch((error) => this.unkept(error)), IDLE_MS)];
    } else if (shown === "thanks") {
      this.idle = [setTimeout(() => this.flow.thanked(), THANKS_MS)];
    } else {
      this.idle = [setTimeout(() => this.deserted(), IDLE_MS)];
    }
  }

  deserted() {
    this.screens.closeState();
    this.screens.forgetToken();
    this.flow.release();
    if (this.isChanging) this.show(this.flow.screen);
  }

  drafted() {
    if (this.flow.draft !== null) this.screens.drafted(this.flow.draft);
  }

  submitted() {
    this.outbox.wake();
    this.tell({});
  }

  async hear({ offer, seen, ...station }) {
    localStorage.setItem(STATION, JSON.stringify(station));
    this.screens.setPlace(station.name);
    clearTimeout(this.unknown);
    this.unknown = undefined;
    this.flow.hear(station, offer);
    this.screens.setTitle(this.flow.offer);
    if (this.faults.watch !== null) this.outbox.retry();
    await this.tell({ watch: null });
    if (!this.hasBeaten) this.beat();
  }

  lose(fault) {
    this.unknown ??= setTimeout(() => this.flow.hear(this.flow.station, null), UNKNOWN_MS);
    this.tell({ watch: fault });
    if (this.flow.station !== null || token() === "" || this.isChanging) return;
    const isShown = this.screens.shown === "misplaced";
    if (Boolean(fault.isMisplaced) !== isShown) this.show("setup");
    if (!fault.isMisplaced) {
      this.screens.setSetup(fault.isStranger ? "令牌无效或已停用，请重新填写。" : "连接不上网关，正在重试。", false);
    }
  }

  retry() {
    this.outbox.retry();
    this.watch.again();
  }

  async beat() {
    if (this.flow.station === null || this.isLeft) return;
    this.hasBeaten = true;
    await this.outbox.beat(this.flow.station);
  }

  // What is so now, for staff; `faults`: what has just failed, or goes again.
  async tell(faults) {
    Object.assign(this.faults, faults);
    const waiting = await this.store.waitingCount();
    const refused = await this.store.refused();
    const fault = this.faults.watch ?? this.faults.outbox;
    const { line, isAlarm, details } = stateOf(this.flow.station, fault, waiting, refused, this.clock.skewMs);
    this.screens.setState(line, isAlarm, details, refused.length > 0);
  }

  // Something that waiting doesn't mend, such as a disk that is full: all begins anew, and nothing is lost.
  breakDown(error) {
    console.error(error);
    this.screens.setState("本页出错，一分钟后重新打开；评价保存在本机", true, [], false);
    setTimeout(() => location.reload(), BROKEN_MS);
  }

  unkept(error) {
    this.screens.say("本机未能保存这次评价，请告知工作人员");
    console.warn(error);
  }

  // Another page has taken over: it has the draft now, and sends.
  leave() {
    this.isLeft = true;
    this.outbox.end();
    this.watch.end();
    this.flow.draft = null;
    this.screens.show("elsewhere");
    this.idle.forEach(clearTimeout);
    clearTimeout(this.unknown);
  }
}

// The page without the gateway, on https and loopback; a new version is taken when nobody is pressing.
async function keepWorker(isFree) {
  if (!navigator.serviceWorker) return;
  let hasOne = navigator.serviceWorker.controller !== null;
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (!hasOne) {
      hasOne = true; // the first: it keeps what is here already
      return;
    }
    const timer = setInterval(() => {
      if (!isFree()) return;
      clearInterval(timer);
      location.reload();
    }, 1000);
  });
  const registration = await navigator.serviceWorker
    .register(new URL("worker.js", import.meta.url), { scope: "/terminal" })
    .catch(() => null);
  if (registration !== null) setInterval(() => registration.update().catch(() => null), UPDATE_MS);
}

main();
