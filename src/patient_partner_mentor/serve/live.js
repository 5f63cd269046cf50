/* The small live client of the apps: mounts the forms of a running kernel over the plain Jupyter websocket, in place of
   Voila's own client. A dropped socket is opened again; a kernel that is gone is replaced, and the forms keep their text. */
import { kernelForm } from "./kernel.js";
import { early } from "./early.js";

const CONTROL = "jupyter.widget.control", LONGEST_WAIT = 10000; // ms between two tries at most
const REST = 30 * 60000; // ms that a hidden page keeps its kernel
const TOLD = 20000; // ms that "it runs again" stands over the page
const GONE = 4404; // the code of a socket that is closed because its kernel has died
const bar = document.querySelector(".app-status"), { name: notebook, base } = bar.dataset;
const { session } = early;
const models = new Map(); // id -> LiveModel
const laterScripts = new Promise((good) => document.addEventListener("DOMContentLoaded", good, { once: true }));
let kernelId = bar.dataset.kernel, socket = null, tries = 0, count = 0, mounted = false, gone = false, resting = false, retry, rest, told;

const unsent = []; // what the forms ask before the socket is open
const post = (type, content, metadata = {}) => {
  if (socket?.readyState === 0) { unsent.push([type, content, metadata]); return true; }
  if (socket?.readyState !== 1) return false;
  const header = { msg_id: `${session}-${++count}`, msg_type: type, session, username: "", version: "5.3", date: new Date().toISOString() };
  socket.send(JSON.stringify({ channel: "shell", header, parent_header: {}, metadata, content }));
  return true;
};

/** As much of a widget's model as our widgets use. */
class LiveModel {
  constructor(id, state) { Object.assign(this, { id, state, listeners: new Set() }); }
  get(key) { return this.state[key]; }
  set() {}
  save_changes() {}
  on(event, listen) { if (event === "msg:custom") this.listeners.add(listen); }
  off(event, listen) { this.listeners.delete(listen); }
  send(content) { post("comm_msg", { comm_id: this.id, data: { method: "custom", content } }); }
  hear(content) { for (const listen of this.listeners) listen(content, []); }
}
const same = (a, b) => (a.question ? a.question.step === b.question?.step : Boolean(a.course) && Boolean(b.course));

async function mountAll() {
  mounted = true;
  const places = [...document.querySelectorAll(".form-place[data-model]")];
  await Promise.all(places.map(async (place) => {
    const model = models.get(place.dataset.model);
    if (!model) return;
    const el = document.createElement("div");
    try {
      if (!model.get("question")) await laterScripts; // the portfolio has a script of its own
      const widget = model.get("question") ? kernelForm : window.ppm.portfolio;
      const ready = widget.render({ model, el, signal: new AbortController().signal });
      place.replaceChildren(el);
      await ready;
    } catch (error) { console.error("A form could not be set up:", error); }
  }));
  performance.mark("ppm:forms-ready");
  document.documentElement.dataset.forms = "ready";
  document.dispatchEvent(new Event("ppm:forms-ready"));
}

/** The kernel's widgets: the first time they are mounted, later the forms on the page are bound to them. */
function meetWidgets(states) {
  for (const [id, { model_name, state }] of Object.entries(states)) {
    if (model_name !== "AnyModel" || !(state.question || state.course)) continue;
    const known = [...models.values()].find((model) => same(model.state, state));
    if (known) { models.delete(known.id); known.id = id; models.set(id, known); } else models.set(id, new LiveModel(id, state));
  }
  if (!mounted) mountAll();
  else { if (bar.textContent) back(); dispatchEvent(new Event("ppm:online")); }
}

function hear({ header, content }) {
  if (header.msg_type === "comm_msg") {
    const { method, states, content: inner } = content.data;
    if (method === "update_states") meetWidgets(states);
    else if (method === "custom") models.get(content.comm_id)?.hear(inner);
  } else if (header.msg_type === "status" && ["dead", "restarting", "autorestarting"].includes(content.execution_state)) replace();
}

const later = (work) => { clearTimeout(retry); retry = setTimeout(work, Math.min(LONGEST_WAIT, 400 * 2 ** tries++)); };
const token = () => decodeURIComponent(document.cookie.match(/(?:^|; )_xsrf=([^;]*)/)?.[1] ?? "");
const away = (status) => {
  clearTimeout(told);
  bar.textContent = status === 403 ? bar.dataset.key : bar.dataset.waiting;
  dispatchEvent(new Event("ppm:offline"));
};
const back = () => { clearTimeout(told); bar.textContent = bar.dataset.again; told = setTimeout(() => { bar.textContent = ""; }, TOLD); };

/** Ask for another kernel in place of one that is gone. */
async function replace() {
  if (gone) return;
  gone = true;
  socket?.close();
  try {
    const answer = await fetch(`${base}apps/api/start/${notebook}`, { method: "POST", headers: { "X-XSRFToken": token() } });
    gone = false;
    if (!answer.ok) { away(answer.status); return later(replace); }
    kernelId = (await answer.json()).kernel;
    connect();
  } catch { gone = false; away(); later(replace); }
}

/** @param first the socket that was opened for the page itself: its kernel's widgets are those that the page came with */
function connect(first) {
  const opened = first ?? new WebSocket(`${location.origin.replace(/^http/, "ws")}${base}apps/api/kernels/${kernelId}/channels?session_id=${session}`);
  socket = opened;
  opened.onopen = () => {
    tries = 0;
    for (const one of unsent.splice(0)) post(...one);
    if (first) return;
    const id = `${session}-control-${++count}`;
    post("comm_open", { comm_id: id, target_name: CONTROL, data: {} }, { version: "1.0.0" });
    post("comm_msg", { comm_id: id, data: { method: "request_states" } });
  };
  opened.onmessage = ({ data }) => { if (typeof data === "string") hear(JSON.parse(data)); };
  opened.onclose = async ({ code }) => {
    if (gone || resting || socket !== opened) return;
    unsent.length = 0;
    if (code === GONE) return replace();
    const answer = await fetch(`${base}apps/api/kernels/${kernelId}`).catch(() => null);
    if (answer?.status === 404) return replace();
    if (!answer?.ok) away(answer?.status);
    later(() => connect());
  };
}

addEventListener("online", () => { if (socket?.readyState > 1 && !gone) { tries = 0; later(() => connect()); } });
function leave() {
  const form = new FormData();
  form.append("_xsrf", token());
  navigator.sendBeacon(`${base}apps/api/kernels/${kernelId}`, form);
}
addEventListener("pagehide", leave);
/* A page that nobody has looked at for long gives its kernel back, and asks for another when it is looked at again. */
document.addEventListener("visibilitychange", () => {
  clearTimeout(rest);
  if (document.hidden) rest = setTimeout(() => { resting = true; socket?.close(); leave(); }, REST);
  else if (resting) { resting = false; tries = 0; replace(); }
});
addEventListener("pageshow", ({ persisted }) => { if (persisted) { tries = 0; later(() => connect()); } });
connect(early.opening.readyState < 2 ? early.opening : undefined); // open, or about to be
meetWidgets(JSON.parse(document.getElementById("app-states").textContent));
