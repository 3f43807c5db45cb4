// The board in the browser: puts in what the server sends, and says by itself when it hears nothing any more.
// Vue owns the outermost element alone; what is inside is changed where it differs, so that nothing loses its focus.

const SILENT_MS = 6000; // the server says something each second
const DEAF_MS = 12000; // a connection that is silent for so long is opened anew
const SPOKEN_MS = 3000; // readers need time

export default {
  props: { html: String },
  render() {
    return Vue.h("div", { class: "board" });
  },
  mounted() {
    this.$el.innerHTML = this.html;
    this.lost = this.$el.querySelector(".lost");
    this.spoken = this.$el.querySelector(".spoken");
    this.heard = performance.now();
    this.opened = performance.now();
    this.waiting = []; // what is to be read out as soon as the one before was
    this.speaking = undefined; // ends the time that readers have for it
    this.watch = setInterval(() => this.look(), 1000);
    // The socket is opened after this.
    setTimeout(() => this.listen(window.socket), 0);
  },
  unmounted() {
    clearInterval(this.watch);
    clearTimeout(this.speaking);
  },
  methods: {
    listen(socket) {
      socket.on("board", (message) => {
        window.nextMessageId = message._id + 1;
        this.heard = performance.now();
            this.take(message.parts);
        this.speak(message.say);
        this.look();
      });
      // A page that is loaded anew while nobody answers is gone for good: only where the server has just said so.
      socket.off("connect_error");
      socket.on("connect_error", (error) => {
        if (error.message === "Implicit handshake failed") window.location.reload();
      });
    },
    take(parts) {
      for (const [name, html] of Object.entries(parts)) {
        const place = this.$el.querySelector(`[data-part="${name}"]`);
        if (place === null) continue;
        const template = document.createElement("template");
        template.innerHTML = html;
        blend(place, template.content);
      }
    },
    speak(text) {
      if (text) this.waiting.push(text);
      if (this.waiting.length === 0 || this.speaking !== undefined) return;
      this.spoken.textContent = this.waiting.splice(0).join("。");
      this.speaking = setTimeout(() => {
        this.speaking = undefined;
        this.speak("");
      }, SPOKEN_MS);
    },
    time() {
      return this.$el.querySelector(".clock time").textContent;
    },
    look() {
      const silent = performance.now() - this.heard;
      const text = silent < SILENT_MS ? "" : `✕ 与看板的连接已断开，正在重连；以下是${this.time()}的内容`;
      if (this.lost.textContent !== text) {
        this.lost.textContent = text;
        this.$el.classList.toggle("is-lost", text !== "");
      }
      if (Math.min(silent, performance.now() - this.opened) > DEAF_MS && window.socket?.connected) {
        this.opened = performance.now();
        window.socket.io.engine.close();
      }
    },
  },
};

// Makes the children of `place` those of `wanted`, changing what is there rather than replacing it.
function blend(place, wanted) {
  const there = [...place.childNodes];
  const nodes = [...wanted.childNodes];
  nodes.forEach((node, n) => {
    const old = there[n];
    if (old === undefined) place.append(node);
    else if (old.nodeName !== node.nodeName) old.replaceWith(node);
    else if (node.nodeType !== Node.ELEMENT_NODE) {
      if (old.data !== node.data) old.data = node.data;
    } else if (!old.isEqualNode(node)) {
      for (const { name } of [...old.attributes]) if (!node.hasAttribute(name)) old.removeAttribute(name);
      for (const { name, value } of node.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
      blend(old, node);
    }
  });
  there.slice(nodes.length).forEach((node) => node.remove());
}
