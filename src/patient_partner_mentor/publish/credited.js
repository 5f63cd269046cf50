/* States of steps where people count some of them: what a human gave raises what the check says, and lowers nothing. */
import { states } from "./credit.js";

const RANK = ["open", "begun", "done"];

/** The higher of two states; the first where there is no second. */
export const higher = (state, other) => (RANK.indexOf(other) > RANK.indexOf(state) ? other : state);

/** The states of a module's steps, in order. @param credited by module id and step: {state, time}, as the course says it */
export const statesWith = (module, answers, credited = {}) =>
  states(module, answers).map((state, i) => higher(state, credited[module.id]?.[module.steps[i]]?.state));
