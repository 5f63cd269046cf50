/* Runs in the page before its own scripts, on both sites alike. Asks before each frame whether every form can be typed
   into, and says once, on the console, when that was; when the first content was painted; and that all has loaded. */
(() => {
  if (window.top !== window || !location.protocol.startsWith("http")) return;
  const writable = (area) => !area.readOnly && !area.disabled && area.checkVisibility({ visibilityProperty: true });
  const allReady = () => {
    const forms = document.querySelectorAll("form.reflection");
    return forms.length >= FORMS && [...forms].every((form) => [...form.querySelectorAll("textarea")].some(writable));
  };
  let forms = null;
  const watch = () => {
    if (forms === null && allReady()) forms = performance.now();
    const paint = performance.getEntriesByName("first-contentful-paint")[0];
    const loaded = performance.getEntriesByType("navigation")[0]?.loadEventEnd;
    if (forms !== null && paint && loaded) console.log("bench:" + JSON.stringify({ forms, paint: paint.startTime, loaded }));
    else requestAnimationFrame(watch);
  };
  requestAnimationFrame(watch);
})();
