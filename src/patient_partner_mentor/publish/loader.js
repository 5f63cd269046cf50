/* Mounts the forms of a static page on a local model, in place of require.js and the widget manager. The build has
   put each widget's state (ids and prompts, never answers) beside the place where it stands. */
import { render } from "./form.js";
const settings = JSON.parse(document.getElementById("ppm-settings").textContent);
settings.open = window.ppm.openHosted; // a cohort's pages have one
settings.isShared = (question) => window.ppm.isShared?.(question); // a later script gives it

/** The word list, asked for once, when a learner first wants to see what the words include. */
let asked;
if (settings.noticing) {
  const address = settings.noticing;
  settings.noticing = () => (asked ??= new Promise((good, bad) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => {
      window.ppm.notice("", "en", [], window.ppm.WORD_LISTS); // makes the list ready before it is asked
      good((text, language, keyWords) => window.ppm.notice(text, language, keyWords, window.ppm.WORD_LISTS));
    };
    script.onerror = () => { asked = null; bad(new Error("The word list did not load.")); };
    document.head.append(script);
  }));
}

const mount = async (place) => {
  const state = JSON.parse(place.querySelector("script").textContent);
  const values = { ...state, settings: { ...state.settings, ...settings } };
  const model = { get: (name) => values[name], set: (name, value) => { values[name] = value; }, save_changes() {}, on() {}, off() {}, send() {} };
  const el = document.createElement("div");
  const readable = place.querySelector(".question-only");
  try {
    const ready = render({ model, el, signal: new AbortController().signal });
    readable.replaceWith(el);
    await ready;
  } catch (error) {
    if (!readable.isConnected) el.replaceWith(readable);
    console.error("A form could not be set up:", error);
  }
};

const places = [...document.querySelectorAll(".form-place")];
Promise.all(places.map(mount)).then(() => {
  performance.mark("ppm:forms-ready");
  document.documentElement.dataset.forms = "ready";
  document.dispatchEvent(new Event("ppm:forms-ready"));
});
