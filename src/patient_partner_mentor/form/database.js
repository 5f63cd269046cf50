/* The browser's database of answers: one connection for a whole page, and for all of its forms. */
const DATABASE = "patient-partner-mentor";
export const TABLE = "answers";

let opening;

/** The open database; one that went away is opened again when next it is asked for. */
export const database = () => (opening ??= new Promise((good, bad) => {
  const asked = indexedDB.open(DATABASE, 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore(TABLE);
  asked.onerror = () => bad(asked.error);
  asked.onsuccess = () => {
    asked.result.onversionchange = asked.result.onclose = () => { asked.result.close(); opening = null; };
    good(asked.result);
  };
}).catch((error) => { opening = null; throw error; }));
