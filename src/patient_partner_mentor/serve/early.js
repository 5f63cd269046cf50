/* Runs while the page of an app is still on its way: opens what its forms wait for first, the way to the kernel and the
   browser's database. live.js takes the socket over. A page of an error has no kernel. */
import { database } from "./database.js";

const open = (address) => {
  const session = crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint8Array(16)), (n) => n.toString(16).padStart(2, "0")).join("");
  database().catch(() => {}); // the form says so when it asks
  return { session, opening: new WebSocket(`${location.origin.replace(/^http/, "ws")}${address}?session_id=${session}`) };
};
const place = document.querySelector("meta[name=ppm-socket]");
export const early = place && open(place.dataset.socket);
